package import ContextModel

/// What is left of a condition of which only one attribute is not known yet.
///
/// It serves to decide the condition for many entities that differ in that attribute alone: what the
/// others say is decided once. What is left for each attribute in turn takes, for all of them together,
/// time in proportion to the terms and how deep they lie.
package struct DecidedTerms: Sendable {
    private typealias Node = PreparedCondition.Node

    /// A part of the condition, decided.
    private struct Part {
        let node: Node
        /// Its place among the parts; nil for the whole condition.
        let parent: Int?
        var answer = false
        /// Of how many of its own parts the answer would suffice: of those that do not hold where all must,
        /// of those that hold where any may.
        var decisive = 0
    }

    private var parts: [Part] = []
    /// The terms that look at each attribute.
    private var terms: [IRI: [Int]] = [:]
    private let selection: AttributeSelection

    /// Decides each term of the condition for the entity.
    ///
    /// Nothing of this means anything once the budget is spent.
    package init(
        _ condition: PreparedCondition,
        for entity: Entity,
        within budget: DecisionBudget?
    ) {
        selection = condition.selection
        var subject = Subject(entity)
        add(condition.node, in: nil, of: &subject, budget)
    }

    /// An entity of which each term is shown the one attribute that it looks at.
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

    /// The terms that look at the attribute, as far as the others leave anything to decide.
    package func remainder(of name: IRI, within budget: DecisionBudget?) -> PreparedCondition {
        // The parts of each part in which the attribute is looked at.
        var open: [Int: [Int]] = [:]
        for term in terms[name] ?? [] {
            var place = term
            while budget?.allows(1) ?? true, let parent = parts[place].parent {
                open[parent, default: []].append(place)
                // What the parent is a part of was noted with its first part.
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
        // Whether others than these settle it.
        if part.decisive > places.count(where: { parts[$0].answer != isAll }) {
            return .constant(!isAll)
        }
        return .joined(places.map { remainder($0, open) }, byAll: isAll)
    }
}
