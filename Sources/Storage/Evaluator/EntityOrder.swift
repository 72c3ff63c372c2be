package import ContextModel

/// The order that a query's `orderBy` asks for (clause 4.23), ready to sort with.
package struct EntityOrder: Sendable {
    private let keys: [OrderTerm]
    /// The geometries that distances are measured from.
    private let shapes: [GeoShape?]

    package init(_ keys: [OrderTerm]) {
        // A key that appears a second time decides nothing.
        var seen: Set<OrderTerm.Subject> = []
        let keys = keys.filter { seen.insert($0.subject).inserted }
        self.keys = keys
        shapes = keys.map { key in
            if case .distance(_, let place) = key.subject { GeoShape(place) } else { nil }
        }
    }

    /// The attributes that the order looks at.
    package var selection: AttributeSelection {
        AttributeSelection(keys.flatMap(\.attributeNames))
    }

    /// Returns the entities, sorted.
    package func sorted(_ entities: [Entity]) -> [Entity] {
        var first = FirstEntities<Entity>(.max, by: self)
        for entity in entities { first.add(entity, as: entity) }
        return first.sorted()
    }

    fileprivate func ranks(of entity: Entity, _ budget: DecisionBudget?) -> [Rank] {
        zip(keys, shapes).map { key, shape in
            let steps = 1 + entity.attributes.count
            guard budget?.allows(steps) ?? true else { return .absent }
            return Rank(key, from: shape, of: entity, budget)
        }
    }

    /// Whether `a` sorts before `b`; nil when they are equal.
    ///
    /// Entities without a value come last in both directions.
    fileprivate func precedes(_ a: [Rank], _ b: [Rank]) -> Bool? {
        for (key, (x, y)) in zip(keys, zip(a, b)) where x != y {
            if x.isMissing || y.isMissing { return y.isMissing && x < y }
            return key.isDescending ? y < x : x < y
        }
        return nil
    }
}

/// Finds the first entities of an order without keeping the others.
///
/// It holds at most twice as many entities as are wanted, each replaced by its `Stand`.
package struct FirstEntities<Stand> {
    private struct Place {
        var ranks: [Rank]
        var number: Int
        var stand: Stand
    }
    private let order: EntityOrder
    private let wanted: Int
    private var places: [Place] = []
    private var added = 0
    /// The approximate number of bytes of the sort keys.
    private var bytes = 0
    /// The most bytes of sort keys; a query that needs more must ask for fewer entities.
    private static var maximumBytes: Int { 128 << 20 }
    /// The last wanted entity at the last cut: entities that do not sort before it are not kept.
    private var bar: [Rank]?

    package init(_ wanted: Int, by order: EntityOrder) {
        self.wanted = wanted
        self.order = order
    }

    /// Adds an entity; once the budget is spent, its place in the order means nothing.
    package mutating func add(
        _ entity: Entity,
        as stand: Stand,
        within budget: DecisionBudget? = nil
    ) {
        added += 1
        let ranks = order.ranks(of: entity, budget)
        if let bar, order.precedes(ranks, bar) != true { return }
        bytes += ranks.reduce(0) { $0 + $1.bytes }
        if let budget, bytes > Self.maximumBytes { return budget.exhaust() }
        places.append(Place(ranks: ranks, number: added, stand: stand))
        if places.count / 2 >= max(wanted, 1) { cut() }
    }

    private mutating func cut() {
        places = Array(inOrder.prefix(wanted))
        bytes = places.reduce(0) { $0 + $1.ranks.reduce(0) { $0 + $1.bytes } }
        bar = places.last?.ranks
    }

    /// The entities in order; equal ones stay in the order in which they were added.
    private var inOrder: [Place] {
        places.sorted { order.precedes($0.ranks, $1.ranks) ?? ($0.number < $1.number) }
    }

    /// The `Stand` of the first entities, in order.
    package func sorted() -> [Stand] { inOrder.prefix(wanted).map(\.stand) }
}

/// The sort key of a value; kinds of values follow one another in the order of clause 4.23.2.
private enum Rank: Comparable {
    /// The distance of a GeoProperty.
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

    /// Whether there is no value, which sorts last in both directions.
    var isMissing: Bool { self == .null || self == .absent }

    init(
        _ key: OrderTerm,
        from shape: GeoShape?,
        of entity: Entity,
        _ budget: DecisionBudget?
    ) {
        switch key.subject {
        case .id: self = .text(CollationKey(entity.id.uri, key.collation, budget))
        case .type: self.init(entity.types.first?.text, key.collation, budget)
        case .scope: self.init(entity.scopes.first, key.collation, budget)
        case .path(let path): self.init(path, of: entity, key.collation, budget)
        case .distance(let name, let place):
            let origin = shape ?? GeoShape(place)
            let meters = entity[name].filter { $0.kind == .geoProperty }.compactMap { instance in
                (try? Geometry(geoJSON: instance.value)).map { target in
                    if case .point(let a) = place, case .point(let b) = target {
                        return Geodesy.meters(from: a, to: b)
                    }
                    return origin.meters(to: GeoShape(target), within: budget)
                }
            }
            if let nearest = meters.min() {
                self = .meters(nearest)
            } else {
                self.init(AttributePath(names: [name]), of: entity, key.collation, budget)
            }
        }
    }

    private init(_ text: String?, _ collation: Collation, _ budget: DecisionBudget?) {
        self = text.map { .text(CollationKey($0, collation, budget)) } ?? .absent
    }

    private init(
        _ path: AttributePath,
        of entity: Entity,
        _ collation: Collation,
        _ budget: DecisionBudget?
    ) {
        for target in ValueTarget.targets(of: path, in: entity, within: budget) {
            for value in target.values {
                self.init(value, collation, budget)
                if !isMissing { return }
            }
        }
        self = .absent
    }

    private init(
        _ value: ValueTarget.Value,
        _ collation: Collation,
        _ budget: DecisionBudget?
    ) {
        switch value {
        case .moment(let moment): self = .dateTime(moment.microseconds)
        case .json(let json): self.init(json, collation, budget)
        }
    }

    private init(_ value: JSONValue, _ collation: Collation, _ budget: DecisionBudget?) {
        switch value {
        case .number(let number): self = .number(number.doubleValue)
        case .string(let text): self = .text(CollationKey(text, collation, budget))
        case .bool(let bool): self = .bool(bool ? 1 : 0)
        case .array: self = .array(CollationKey(value.text, collation, budget))
        case .null: self = .null
        case .object(let object):
            self =
                Rank(typed: object) ?? .object(CollationKey(value.text, collation, budget))
        }
    }

    /// The approximate number of bytes it takes in memory.
    var bytes: Int {
        switch self {
        case .text(let key), .object(let key), .array(let key): key.bytes
        default: 0
        }
    }

    /// Reads a typed value of clause 4.6.3; nil when the object is not one.
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
