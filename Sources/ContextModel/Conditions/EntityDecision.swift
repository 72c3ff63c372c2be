/// Decides a term that the other cases of a condition cannot express.
///
/// The answer depends on the entity and on the present state of the decider. A decider must answer
/// within microseconds and must not wait: stores ask it for each candidate of a query.
package protocol EntityDecider: AnyObject, Sendable {
    /// The attributes that the decision needs; an entity with these alone is enough.
    var attributeNames: [IRI] { get }

    /// Whether the term holds for the entity.
    func holds(for entity: Entity) -> Bool

    /// Whether the term holds for every entity of these types; nil when it depends on the entity.
    func holds(forTypes types: [IRI]) -> Bool?
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
