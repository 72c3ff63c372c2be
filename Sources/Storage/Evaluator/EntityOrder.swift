package import ContextModel

/// The order of a query's `orderBy` (clause 4.23), ready to sort with.
package struct EntityOrder: Sendable {
    private let keys: [OrderTerm]

    package init(_ keys: [OrderTerm]) { self.keys = keys }

    /// The entities in order; those that compare alike stay in the order they came in, and those
    /// without a value come last, whichever way it is sorted.
    package func sorted(_ entities: [Entity]) -> [Entity] {
        let ranked = entities.enumerated().map { index, entity in
            (index: index, entity: entity, ranks: keys.map { Rank($0, of: entity) })
        }
        let sorted = ranked.sorted { a, b in
            for (key, (x, y)) in zip(keys, zip(a.ranks, b.ranks)) where x != y {
                if x.isMissing || y.isMissing { return y.isMissing && x < y }
                return key.isDescending ? y < x : x < y
            }
            return a.index < b.index
        }
        return sorted.map(\.entity)
    }
}

/// A value's place: kinds of values follow one another as clause 4.23.2 has them.
private enum Rank: Comparable {
    /// Of a GeoProperty, where it is sorted by distance.
    case meters(Double)
    case number(Double)
    case text(CollationKey)
    case object(CollationKey)
    case array(CollationKey)
    case bool(Int)
    case time(Int64)
    case date(Int64)
    case dateTime(Int64)
    case null
    case absent

    /// Last, whichever way it is sorted.
    var isMissing: Bool { self == .null || self == .absent }

    init(_ key: OrderTerm, of entity: Entity) {
        switch key.subject {
        case .id: self = .text(CollationKey(entity.id.uri, key.collation))
        case .type: self.init(entity.types.first?.text, key.collation)
        case .scope: self.init(entity.scopes.first, key.collation)
        case .path(let path): self.init(path, of: entity, key.collation)
        case .distance(let name, let place):
            let meters = entity[name].filter { $0.kind == .geoProperty }.compactMap { instance in
                (try? Geometry(geoJSON: instance.value)).map { Geodesy.meters(from: place, to: $0) }
            }
            if let nearest = meters.min() {
                self = .meters(nearest)
            } else {
                self.init(AttributePath(names: [name]), of: entity, key.collation)
            }
        }
    }

    private init(_ text: String?, _ collation: Collation) {
        self = text.map { .text(CollationKey($0, collation)) } ?? .absent
    }

    private init(_ path: AttributePath, of entity: Entity, _ collation: Collation) {
        let values = ValueTarget.targets(of: path, in: entity).flatMap(\.values)
        self = values.map { Rank($0, collation) }.first { !$0.isMissing } ?? .absent
    }

    private init(_ value: ValueTarget.Value, _ collation: Collation) {
        switch value {
        case .moment(let moment): self = .dateTime(moment.microseconds)
        case .json(let json): self.init(json, collation)
        }
    }

    private init(_ value: JSONValue, _ collation: Collation) {
        switch value {
        case .number(let number): self = .number(number.doubleValue)
        case .string(let text): self = .text(CollationKey(text, collation))
        case .bool(let bool): self = .bool(bool ? 1 : 0)
        case .array: self = .array(CollationKey(value.text, collation))
        case .null: self = .null
        case .object(let object):
            self = Rank(typed: object) ?? .object(CollationKey(value.text, collation))
        }
    }

    /// A typed value of clause 4.6.3; nil when the object is none.
    private init?(typed object: JSONObject) {
        guard let text = object["@value"]?.stringValue, let type = object["@type"]?.stringValue
        else { return nil }
        switch type {
        case "DateTime":
            guard let moment = Timestamp(text) else { return nil }
            self = .dateTime(moment.microseconds)
        case "Date":
            guard let day = CivilDate(text) else { return nil }
            self = .date(Int64(day.daysSince1970))
        case "Time":
            guard let time = TimeOfDay(text) else { return nil }
            self = .time(Int64(time.microseconds))
        default: return nil
        }
    }
}
