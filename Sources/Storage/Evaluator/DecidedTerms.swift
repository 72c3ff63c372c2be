package import ContextModel

/// A condition that has been decided for an entity except for one attribute.
///
/// It decides the condition for many variants of an entity that differ in one attribute: the terms
/// about other attributes are decided once. Finding the remainders for all attributes takes time
/// in proportion to the number of terms and their depth.
package struct DecidedTerms: Sendable {
    private typealias Node = PreparedCondition.Node

    /// A part of the condition with its answer.
    private struct Part {
        let node: Node
        /// The index of the enclosing part; nil for the whole condition.
        let parent: Int?
        var answer = false
        /// How many of its own parts each suffice to decide it: those that are false if all must
        /// hold, those that are true if one must hold.
        var decisive = 0
    }

    private var parts: [Part] = []
    /// The terms about each attribute.
    private var terms: [IRI: [Int]] = [:]
    private let selection: AttributeSelection

    /// Decides each term of the condition for the entity.
    ///
    /// The result means nothing once the budget is spent.
    package init(
        _ condition: PreparedCondition,
        for entity: Entity,
        within budget: DecisionBudget?
    ) {
        selection = condition.selection
        var subject = Subject(entity)
        add(condition.node, in: nil, of: &subject, budget)
    }

    /// An entity that shows each term only the attribute that the term is about.
    private struct Subject {
        private let attributes: [IRI: NamedAttribute]
        private var entity: Entity

        init(_ entity: Entity) {
            attributes = Dictionary(entity.attributes.map { ($0.name, $0) }) { first, _ in first }
            self.entity = entity
        }

        mutating func meets(_ term: Node, _ budget: DecisionBudget?) -> Bool {
            entity.attributes = term.attribute.flatMap { attributes[$0] }.map { [$0] } ?? []
            return term.matches(entity, budget)
        }
    }

    @discardableResult
    private mutating func add(
        _ node: Node,
        in parent: Int?,
        of subject: inout Subject,
        _ budget: DecisionBudget?
    ) -> Bool {
        guard budget?.allows(1) ?? true else { return false }
        let place = parts.count
        parts.append(Part(node: node, parent: parent))
        switch node {
        case .all(let nodes):
            for node in nodes where !add(node, in: place, of: &subject, budget) {
                parts[place].decisive += 1
            }
            parts[place].answer = parts[place].decisive == 0
        case .any(let nodes):
            for node in nodes where add(node, in: place, of: &subject, budget) {
                parts[place].decisive += 1
            }
            parts[place].answer = parts[place].decisive > 0
        case .not(let node):
            parts[place].answer = !add(node, in: place, of: &subject, budget)
        default:
            parts[place].answer = subject.meets(node, budget)
            if let name = node.attribute { terms[name, default: []].append(place) }
        }
        return parts[place].answer
    }

    /// The part of the condition that depends on the attribute, given the answers of all other
    /// terms.
    package func remainder(of name: IRI, within budget: DecisionBudget?) -> PreparedCondition {
        // For each part, its own parts that depend on the attribute.
        var open: [Int: [Int]] = [:]
        for term in terms[name] ?? [] {
            var place = term
            while budget?.allows(1) ?? true, let parent = parts[place].parent {
                open[parent, default: []].append(place)
                // The parents above were already noted with the first part.
                if open[parent]?.count != 1 { break }
                place = parent
            }
        }
        let isOpen = !(terms[name] ?? []).isEmpty
        let node = isOpen ? remainder(0, open) : .constant(parts.first?.answer ?? false)
        return PreparedCondition(node: node, selection: selection)
    }

    private func remainder(_ place: Int, _ open: [Int: [Int]]) -> Node {
        let part = parts[place]
        guard let places = open[place] else { return part.node }
        let isAll: Bool
        switch part.node {
        case .all: isAll = true
        case .any: isAll = false
        default: return places.first.map { Node.negated(remainder($0, open)) } ?? part.node
        }
        // Whether the other parts decide it alone.
        if part.decisive > places.count(where: { parts[$0].answer != isAll }) {
            return .constant(!isAll)
        }
        return .joined(places.map { remainder($0, open) }, byAll: isAll)
    }
}
