import ContextModel

/// Rules that let a caller use data about people on one legal basis: the term that asks for choices is the
/// same for all of them, and the record names one.
struct RulesOfUse: Sendable {
    private struct Named: Sendable {
        let name: String?
        let target: Condition
    }
    private let rules: [Named]

    init(_ rules: [Permission]) {
        self.rules = rules.map { Named(name: $0.name, target: $0.target) }
    }

    /// The name of the first rule that covers an entity with this identifier and of these types.
    ///
    /// What else a rule asks for is not looked at: where several may be the one, it is the first.
    func name(for id: EntityID, _ types: [IRI]) -> String? {
        guard rules.count > 1 else { return rules.first?.name }
        var possible: Named?
        for rule in rules {
            switch rule.target.covers(id, types) {
            case true?: return rule.name
            case nil: possible = possible ?? rule
            case false?: continue
            }
        }
        return (possible ?? rules.first)?.name
    }
}

extension Condition {
    /// Whether it holds for all entities with this identifier and of these types (true) or for none; nil
    /// where other things of them decide.
    fileprivate func covers(_ id: EntityID, _ types: [IRI]) -> Bool? {
        switch self {
        case .everything: return true
        case .nothing: return false
        case .ids(let ids): return ids.contains(id)
        case .type(let type): return types.contains(type)
        case .not(let part): return part.covers(id, types).map { !$0 }
        case .all(let parts):
            let verdicts = parts.map { $0.covers(id, types) }
            return verdicts.contains(false) ? false : verdicts.contains(nil) ? nil : true
        case .any(let parts):
            let verdicts = parts.map { $0.covers(id, types) }
            return verdicts.contains(true) ? true : verdicts.contains(nil) ? nil : false
        case .decided(let decision): return decision.decider.holds(forTypes: types)
        case .idPattern, .scope, .attribute, .value, .geometry, .linked: return nil
        }
    }
}
