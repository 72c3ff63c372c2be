package import ContextModel

/// An entity that a source may have, by what the hub knows of it.
package struct EntityAtSource: Sendable, Hashable {
    /// nil where it is not known.
    package var id: EntityID?
    /// nil where they are not known.
    package var types: [IRI]?

    package init(_ id: EntityID?, types: [IRI]?) {
        self.id = id
        self.types = types
    }

    /// Whether the condition holds, whatever else the entity has; nil where it may and may not.
    ///
    /// Only the source knows scopes and attributes, so a rule about them decides nothing here, also
    /// where it is negated.
    package func verdict(on condition: Condition) -> Bool? {
        switch condition {
        case .everything: return true
        case .nothing: return false
        case .ids(let ids): return id.map(ids.contains)
        case .idPattern(let pattern): return id.map { pattern.matches($0.uri) }
        case .type(let type): return types?.contains(type)
        case .decided(let decision): return types.flatMap { decision.decider.holds(forTypes: $0) }
        case .scope, .attribute, .value, .geometry, .linked: return nil
        case .not(let part): return verdict(on: part).map { !$0 }
        case .all(let parts):
            let verdicts = parts.map { verdict(on: $0) }
            return verdicts.contains(false) ? false : verdicts.contains(nil) ? nil : true
        case .any(let parts):
            let verdicts = parts.map { verdict(on: $0) }
            return verdicts.contains(true) ? true : verdicts.contains(nil) ? nil : false
        }
    }

    /// Whether types and identifiers decide the condition, once both are known.
    package func isDecided(_ condition: Condition) -> Bool {
        switch condition {
        case .everything, .nothing, .ids, .idPattern, .type: true
        case .decided(let decision):
            types.flatMap { decision.decider.holds(forTypes: $0) } != nil
        case .scope, .attribute, .value, .geometry, .linked: false
        case .not(let part): isDecided(part)
        case .all(let parts):
            parts.allSatisfy(isDecided)
                || parts.contains { isDecided($0) && verdict(on: $0) == false }
        case .any(let parts):
            parts.allSatisfy(isDecided)
                || parts.contains { isDecided($0) && verdict(on: $0) == true }
        }
    }
}
