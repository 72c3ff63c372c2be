/// Decides a term of a condition for which the other terms have no words.
///
/// An answer depends on the entity and on what the decider knows at the moment. It takes microseconds and
/// waits for nothing: stores ask for each candidate of a query.
package protocol EntityDecider: AnyObject, Sendable {
    /// The attributes that deciding looks at; an entity with those alone is enough.
    var attributeNames: [IRI] { get }

    /// Whether the term holds for the entity.
    func holds(for entity: Entity) -> Bool

    /// Whether the term holds for every entity of these types; nil where the entity decides.
    func holds(forTypes types: [IRI]) -> Bool?
}

/// A term of a condition that its decider decides: two are equal if they have the same decider.
package struct EntityDecision: Sendable, Hashable {
    package let decider: any EntityDecider

    package init(_ decider: any EntityDecider) { self.decider = decider }

    package static func == (a: EntityDecision, b: EntityDecision) -> Bool {
        a.decider === b.decider
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(decider)) }
}
