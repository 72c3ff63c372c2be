package import ContextModel

/// What is left of a condition of which only one attribute is not known yet.
///
/// It serves to decide the condition for many entities that differ in that attribute alone: what the
/// others say is decided once.
package struct DecidedTerms: Sendable {
    private let condition: Condition
    private var answers: [Condition: Bool] = [:]

    /// Decides each term of the condition for the entity.
    package init(_ condition: Condition, for entity: Entity, within budget: DecisionBudget?) {
        self.condition = condition
        for term in condition.terms where answers[term] == nil {
            answers[term] = PreparedCondition(term).matches(entity, within: budget)
        }
    }

    /// The terms that look at the attribute, as far as the others leave anything to decide.
    package func remainder(of name: IRI) -> Condition { remainder(of: name, condition) }

    private func remainder(of name: IRI, _ condition: Condition) -> Condition {
        switch condition {
        case .all(let parts):
            let parts = parts.map { remainder(of: name, $0) }.filter { $0 != .everything }
            return parts.contains(.nothing) ? .nothing : parts.isEmpty ? .everything : .all(parts)
        case .any(let parts): return .any(of: parts.map { remainder(of: name, $0) })
        case .not(let part):
            switch remainder(of: name, part) {
            case .everything: return .nothing
            case .nothing: return .everything
            case let part: return .not(part)
            }
        default:
            if condition.attribute == name { return condition }
            return answers[condition] ?? false ? .everything : .nothing
        }
    }
}

extension Condition {
    /// What it is put together from.
    fileprivate var terms: [Condition] {
        switch self {
        case .all(let parts), .any(let parts): parts.flatMap(\.terms)
        case .not(let part): part.terms
        default: [self]
        }
    }

    /// The attribute of the entity that a term looks at.
    fileprivate var attribute: IRI? {
        switch self {
        case .attribute(let name): name
        case .value(let test): test.path.names.first
        case .geometry(let test): test.attribute
        case .linked(let test): test.path.names.first
        case .everything, .nothing, .all, .any, .not, .ids, .idPattern, .type, .scope: nil
        }
    }
}
