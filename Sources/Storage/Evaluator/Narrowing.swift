package import ContextModel

/// Boxes one of which the GeoProperty of every match intersects.
package struct GeoNarrowing: Sendable, Hashable {
    package var attribute: IRI
    /// At most two boxes; none when nothing can match.
    package var boxes: [GeoBox]
}

/// What a store can look up in its indexes before it decides the condition.
///
/// Each narrowing holds for every entity that matches, and may hold for others.
extension Condition {
    /// Types of which every match has at least one; nil when a match may have any type.
    package var requiredTypes: Set<IRI>? {
        anyOf { if case .type(let type) = $0 { [type] } else { nil } }
    }

    /// Identifiers one of which every match has; nil when a match may have any identifier.
    package var requiredIDs: Set<EntityID>? {
        anyOf { if case .ids(let ids) = $0 { ids } else { nil } }
    }

    /// Attributes that every match has.
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

    /// Boxes that a GeoProperty of every match intersects; nil when it may be anywhere or absent.
    package var requiredBoxes: GeoNarrowing? {
        switch self {
        case .geometry(let test):
            test.possibleBoxes.map { GeoNarrowing(attribute: test.attribute, boxes: $0) }
        case .all(let parts): parts.lazy.compactMap(\.requiredBoxes).first
        default: nil
        }
    }

    /// Values of which every match has at least one: the smallest set of the parts of an "and",
    /// the union of the parts of an "or".
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
