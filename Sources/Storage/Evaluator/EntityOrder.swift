package import ContextModel

/// The order of a query's `orderBy` (clause 4.23), ready to sort with.
package struct EntityOrder: Sendable {
    private let keys: [OrderTerm]

    package init(_ keys: [OrderTerm]) { self.keys = keys }

    /// The entities in order; those that compare alike stay in the order they came in, and those
    /// without a value come last, whichever way it is sorted.
    package func sorted(_ entities: [Entity]) -> [Entity] {
        let ranked = entities.enumerated().map { index, entity in
            (index: index, entity: entity, ranks: keys.map { Rank($0.subject, of: entity) })
        }
        let sorted = ranked.sorted { a, b in
            for (key, (x, y)) in zip(keys, zip(a.ranks, b.ranks)) where x != y {
                if x == .absent || y == .absent { return y == .absent }
                return key.isDescending ? y < x : x < y
            }
            return a.index < b.index
        }
        return sorted.map(\.entity)
    }
}

/// A value's place: numbers before texts before nothing.
private enum Rank: Equatable, Comparable {
    case number(Double)
    case text([UInt8])
    case absent

    init(_ subject: OrderTerm.Subject, of entity: Entity) {
        switch subject {
        case .id: self = .text(Array(entity.id.uri.utf8))
        case .type: self = entity.types.first.map { .text(Array($0.text.utf8)) } ?? .absent
        case .path(let path):
            let values = ValueTarget.targets(of: path, in: entity).flatMap(\.values)
            self = values.map(Rank.init).first { $0 != .absent } ?? .absent
        case .distance(let name, let place): self.init(from: place, to: entity[name])
        }
    }

    private init(_ moment: Timestamp?) {
        self = moment.map { .number(Double($0.microseconds)) } ?? .absent
    }

    private init(_ value: ValueTarget.Value) {
        switch value {
        case .moment(let moment): self.init(moment)
        case .json(.number(let number)): self = .number(number.doubleValue)
        case .json(.bool(let bool)): self = .number(bool ? 1 : 0)
        case .json(.string(let text)): self = .text(Array(text.utf8))
        case .json: self = .absent
        }
    }

    private init(from place: Geometry, to instances: [Attribute]) {
        let meters = instances.compactMap { instance in
            (try? Geometry(geoJSON: instance.value)).map { Geodesy.meters(from: place, to: $0) }
        }
        self = meters.min().map { .number($0) } ?? .absent
    }

    static func < (a: Rank, b: Rank) -> Bool {
        switch (a, b) {
        case (.number(let x), .number(let y)): x < y
        case (.text(let x), .text(let y)): x.lexicographicallyPrecedes(y)
        case (.number, _), (.text, .absent): true
        case (.text, .number), (.absent, _): false
        }
    }
}
