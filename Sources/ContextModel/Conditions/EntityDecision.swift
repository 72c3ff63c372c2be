/// Decides a term that the other cases of a condition cannot express.
///
/// The answer depends on the entity and on the present state of the decider. A decider must answer
/// within microseconds and must not wait: stores ask it for each candidate of a query.
package protocol EntityDecider: AnyObject, Sendable {
    /// The attributes that the decision needs; an entity with these alone is enough.
    var attributeNames: [IRI] { get }

    /// Whether the term holds for the entity.
    func holds(for entity: Entity) -> Bool

    /// Whether the term holds for the entity, where deciding it may take many steps: the answer means
    /// nothing once the budget is spent.
    func holds(for entity: Entity, within budget: DecisionBudget?) -> Bool

    /// Whether the term holds for every entity of these types; nil when it depends on the entity.
    func holds(forTypes types: [IRI]) -> Bool?

    /// What every entity has for which the term holds, so that an index can find them; nil when nothing is
    /// known.
    var mention: EntityMention? { get }
}

extension EntityDecider {
    package var mention: EntityMention? { nil }
}

/// A text that an entity has somewhere: as its identifier, or as a value of one of some attributes.
package struct EntityMention: Sendable, Hashable {
    package let text: String
    /// The attributes whose own values may be the text, or list it.
    package let names: [IRI]
    /// Whether the identifier may be the text.
    package let isIdentifier: Bool

    package init(_ text: String, in names: [IRI], orIdentifier isIdentifier: Bool) {
        self.text = text
        self.names = names
        self.isIdentifier = isIdentifier
    }
}

extension EntityDecider {
    package func holds(for entity: Entity, within budget: DecisionBudget?) -> Bool {
        holds(for: entity)
    }
}

/// A term of a condition that a decider decides.
///
/// Two terms are equal if they have the same decider.
package struct EntityDecision: Sendable, Hashable {
    package let decider: any EntityDecider

    package init(_ decider: any EntityDecider) { self.decider = decider }

    package static func == (a: EntityDecision, b: EntityDecision) -> Bool {
        a.decider === b.decider
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(decider)) }
}
