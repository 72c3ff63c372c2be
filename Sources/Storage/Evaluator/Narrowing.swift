package import ContextModel

/// Boxes of which the GeoProperty of each match intersects one.
package struct GeoNarrowing: Sendable, Hashable {
    package var attribute: IRI
    /// At most two; none when nothing can match.
    package var boxes: [GeoBox]
}

/// What a store can look up in its indexes before it decides the condition: each narrowing holds
/// for every entity that matches, and for others too.
extension Condition {
    /// Types of which each match has one; `nil` when it may have any.
    package var requiredTypes: Set<IRI>? {
        anyOf { if case .type(let type) = $0 { [type] } else { nil } }
    }

    /// Identifiers of which each match has one; `nil` when it may have any.
    package var requiredIDs: Set<EntityID>? {
        anyOf { if case .ids(let ids) = $0 { ids } else { nil } }
    }

    /// Attributes that each match has, all of them.
    package var requiredAttributes: Set<IRI> {
        switch self {
        case .attribute(let name): [name]
        case .value(let test): Set(test.path.names.prefix(1))
        case .geometry(let test): [test.attribute]
        case .linked(let test): Set(test.path.names.prefix(1))
        case .all(let parts): parts.reduce(into: []) { $0.formUnion($1.requiredAttributes) }
        case .any(let parts):
            parts.dropFirst().reduce(parts.first?.requiredAttributes ?? []) {
                $0.intersection($1.requiredAttributes)
            }
        case .everything, .nothing, .not, .ids, .idPattern, .type, .scope, .decided: []
        }
    }

    /// Where a GeoProperty of each match lies; `nil` when it may lie anywhere or be absent.
    package var requiredBoxes: GeoNarrowing? {
        switch self {
        case .geometry(let test):
            test.possibleBoxes.map { GeoNarrowing(attribute: test.attribute, boxes: $0) }
        case .all(let parts): parts.lazy.compactMap(\.requiredBoxes).first
        default: nil
        }
    }

    /// Values of which each match has one: the smallest set among parts that all hold, the union
    /// of parts of which one holds.
    private func anyOf<Value>(_ values: (Condition) -> Set<Value>?) -> Set<Value>? {
        switch self {
        case .nothing: return []
        case .all(let parts):
            return parts.compactMap { $0.anyOf(values) }.min { $0.count < $1.count }
        case .any(let parts):
            var union: Set<Value> = []
            for part in parts {
                guard let some = part.anyOf(values) else { return nil }
                union.formUnion(some)
            }
            return union
        default: return values(self)
        }
    }
}
