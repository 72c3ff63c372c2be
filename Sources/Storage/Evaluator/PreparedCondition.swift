package import ContextModel

/// A condition prepared to be decided for many entities: its geometries are built once.
package struct PreparedCondition: Sendable {
    let node: Node
    /// The attributes that the condition looks at: an entity with these alone is enough.
    package let selection: AttributeSelection

    /// Creates it from a part of a condition that was prepared as a whole.
    init(node: Node, selection: AttributeSelection) {
        self.node = node
        self.selection = selection
    }

    /// Prepares the condition; this is cheap unless it has geometries.
    package init(_ condition: Condition) {
        node = Node(condition)
        selection = AttributeSelection(condition.attributeNames)
    }

    /// Whether the condition holds for the entity.
    ///
    /// A condition from a request needs a budget; one that an operator wrote does not. The answer
    /// means nothing once the budget is spent.
    package func matches(_ entity: Entity, within budget: DecisionBudget? = nil) -> Bool {
        node.matches(entity, budget)
    }
}

extension Condition {
    /// Whether the condition holds for the entity; prepare it first when there are many entities.
    ///
    /// Nothing is prepared that does not decide: of the long list of types that a grant may have, the rest
    /// is not looked at.
    package func matches(_ entity: Entity) -> Bool {
        switch self {
        case .everything: true
        case .all(let parts): parts.allSatisfy { $0.matches(entity) }
        case .any(let parts): parts.contains { $0.matches(entity) }
        case .not(let part): !part.matches(entity)
        case .type(let type): entity.types.contains(type)
        default: PreparedCondition.Node(self).matches(entity, nil)
        }
    }
}

extension DecisionBudget? {
    /// Throws when fewer than `steps` steps are left, or a decision was stopped.
    package func require(_ steps: Int) throws(StorageError) {
        guard let budget = self else { return }
        guard budget.allows(steps), !budget.isSpent else {
            throw StorageError(.tookTooLong, note: "a decision was broken off")
        }
    }
}

extension PreparedCondition {
    /// A `Condition` whose geometries are ready to be compared.
    indirect enum Node: Sendable {
        case constant(Bool)
        case all([Node])
        case any([Node])
        case not(Node)
        case ids(Set<EntityID>)
        case idPattern(Pattern)
        case type(IRI)
        case scope(ScopePattern)
        case attribute(IRI)
        case value(ValueTest)
        case geometry(PreparedGeoTest)
        case linked(AttributePath, Set<EntityID>)
        case decided(any EntityDecider)

        init(_ condition: Condition) {
            self =
                switch condition {
                case .everything: .constant(true)
                case .nothing: .constant(false)
                case .all(let parts): .all(parts.map(Node.init))
                case .any(let parts): .any(parts.map(Node.init))
                case .not(let part): .not(Node(part))
                case .ids(let ids): .ids(ids)
                case .idPattern(let pattern): .idPattern(pattern)
                case .type(let type): .type(type)
                case .scope(let pattern): .scope(pattern)
                case .attribute(let name): .attribute(name)
                case .value(let test): .value(test)
                case .geometry(let test): .geometry(PreparedGeoTest(test))
                case .linked(let test): .linked(test.path, test.targets ?? [])
                case .decided(let decision): .decided(decision.decider)
                }
        }

        func matches(_ entity: Entity, _ budget: DecisionBudget?) -> Bool {
            guard budget?.allows(steps(entity)) ?? true else { return false }
            return switch self {
            case .constant(let answer): answer
            case .all(let parts): parts.allSatisfy { $0.matches(entity, budget) }
            case .any(let parts): parts.contains { $0.matches(entity, budget) }
            case .not(let part): !part.matches(entity, budget)
            case .ids(let ids): ids.contains(entity.id)
            case .idPattern(let pattern): pattern.matches(entity.id.uri, within: budget)
            case .type(let type): entity.types.contains(type)
            case .scope(let pattern): entity.scopes.contains(where: pattern.matches)
            case .attribute(let name): !entity[name].isEmpty
            case .value(let test): test.matches(entity, budget)
            case .geometry(let test): test.matches(entity, budget)
            case .linked(let path, let targets):
                ValueTarget.links(path, in: entity, to: targets, within: budget)
            case .decided(let decider): decider.holds(for: entity, within: budget)
            }
        }

        /// The steps that finding the relevant parts of the entity takes.
        private func steps(_ entity: Entity) -> Int {
            switch self {
            case .constant, .all, .any, .not, .ids, .idPattern: 1
            case .type: entity.types.count
            case .scope(let pattern): entity.scopes.count * (1 + pattern.segments.count)
            case .attribute, .value, .geometry, .linked, .decided: 1 + entity.attributes.count
            }
        }

        // MARK: Parts

        /// The attribute that a term looks at.
        var attribute: IRI? {
            switch self {
            case .attribute(let name): return name
            case .value(let test): return test.path.names.first
            case .geometry(let test): return test.attribute
            case .linked(let path, _): return path.names.first
            case .constant, .all, .any, .not, .ids, .idPattern, .type, .scope: return nil
            // A term of a grant: it is never a remainder of one attribute.
            case .decided: return nil
            }
        }

        /// The answer, when it is known.
        private var answer: Bool? { if case .constant(let answer) = self { answer } else { nil } }

        /// Joins the parts by "and" or "or", leaving out those whose answer is known.
        static func joined(_ parts: [Node], byAll isAll: Bool) -> Node {
            if parts.contains(where: { $0.answer == !isAll }) { return .constant(!isAll) }
            let open = parts.filter { $0.answer == nil }
            if open.isEmpty { return .constant(isAll) }
            return open.count == 1 ? open[0] : isAll ? .all(open) : .any(open)
        }

        static func negated(_ part: Node) -> Node {
            part.answer.map { .constant(!$0) } ?? .not(part)
        }
    }
}
