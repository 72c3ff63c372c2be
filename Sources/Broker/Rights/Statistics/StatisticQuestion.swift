import ContextModel
import Statistics
import Storage

/// What somebody asks of the people in a tenant's data: what is counted or added up, in which bins, and
/// how much the answer may tell of each person.
///
/// The bins follow from the question alone.
struct StatisticQuestion: Sendable {
    /// What is counted or added up.
    enum Measure: String, Sendable, CaseIterable {
        case count, sum, histogram
    }

    let measure: Measure
    let type: IRI
    /// What is measured; nil for the entities themselves.
    let attribute: IRI?
    /// Whether all that the history has of the attribute counts, or what the entities have now.
    let isOfHistory: Bool
    let periods: PeriodBins?
    /// Each with the text that the question has.
    let scopes: [(text: String, pattern: ScopePattern)]?
    let places: Places?
    let groups: Groups?
    let statistic: PeopleStatistic

    /// Bins by areas in which a GeoProperty is: areas that overlap count what is in both twice.
    struct Places: Sendable {
        let attribute: IRI
        /// What the areas are called in the answer.
        let names: [String]
        private let areas: [PreparedCondition]

        init(attribute: IRI, _ areas: [(name: String, area: Geometry)]) {
            self.attribute = attribute
            names = areas.map(\.name)
            self.areas = areas.map { _, area in
                PreparedCondition(
                    .geometry(GeoTest(relation: .within, reference: area, attribute: attribute))
                )
            }
        }

        /// The areas in which the entity is.
        func bins(of entity: Entity) -> [Int] {
            areas.indices.filter { areas[$0].matches(entity) }
        }

        /// The areas in which a reading is.
        func bins(of reading: Attribute, of entity: Entity) -> [Int] {
            var one = Entity(id: entity.id, types: entity.types)
            one.attributes = [NamedAttribute(name: attribute, instances: [reading])]
            return bins(of: one)
        }
    }

    /// Bins by the values of an attribute.
    struct Groups: Sendable {
        let attribute: IRI
        let classes: Classes

        enum Classes: Sendable {
            /// One bin for each value.
            case values([JSONValue])
            /// From each number to below the next one.
            case edges([JSONNumber])
        }

        var count: Int {
            switch classes {
            case .values(let values): values.count
            case .edges(let edges): edges.count - 1
            }
        }

        /// The bins that a value is in; one that lists several may be in several.
        func bins(of value: JSONValue) -> [Int] {
            if case .array(let elements) = value { return elements.flatMap { bins(of: $0) } }
            switch classes {
            case .values(let values): return values.indices.filter { values[$0] == value }
            case .edges(let edges):
                guard let number = value.numberValue?.doubleValue else { return [] }
                return (0..<edges.count - 1).filter {
                    edges[$0].doubleValue <= number && number < edges[$0 + 1].doubleValue
                }
            }
        }

        /// What the bin is called in the answer.
        func name(_ bin: Int) -> JSONValue {
            switch classes {
            case .values(let values): values[bin]
            case .edges(let edges): ["from": .number(edges[bin]), "to": .number(edges[bin + 1])]
            }
        }
    }

    var scopeCount: Int { scopes?.count ?? 1 }
    var placeCount: Int { places?.names.count ?? 1 }
    var groupCount: Int { groups?.count ?? 1 }
    var bins: Int { (periods?.count ?? 1) * scopeCount * placeCount * groupCount }

    /// The attributes that the answer depends on.
    var attributes: [IRI] {
        ([attribute, places?.attribute, groups?.attribute] as [IRI?]).compactMap { $0 }
    }

    /// The bin of a period, a scope, a place and a group.
    func bin(period: Int, scope: Int, place: Int, group: Int) -> Int {
        ((period * scopeCount + scope) * placeCount + place) * groupCount + group
    }

    /// What a bin is about, as the answer says it.
    func name(_ bin: Int) -> JSONObject {
        var json = JSONObject()
        let (area, group) = bin.quotientAndRemainder(dividingBy: groupCount)
        let (part, place) = area.quotientAndRemainder(dividingBy: placeCount)
        let (period, scope) = part.quotientAndRemainder(dividingBy: scopeCount)
        if let periods {
            let next = period + 1 < periods.count ? periods.starts[period + 1] : periods.end
            json["from"] = .string(periods.starts[period].text)
            json["to"] = .string(next.text)
        }
        if let scopes { json["scope"] = .string(scopes[scope].text) }
        if let places { json["place"] = .string(places.names[place]) }
        if let groups { json["group"] = groups.name(group) }
        return json
    }
}
