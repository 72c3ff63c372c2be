import ContextModel
import Storage

/// Fetches the entities that others link to (clause 4.5.23).
///
/// They are read in the same transaction as the entities that lead to them: with the same grant
/// and at the same moment. A Relationship to an entity that the reader may not see stays as it is.
struct LinkedEntityReader {
    /// The most Linked Entities of one answer.
    let limit: Int

    /// The Linked Entities within the limit, and whether they are complete; nil when the
    /// representation asks for none.
    func entities(
        linkedFrom entities: [Entity],
        in representation: Representation,
        _ transaction: any ReadTransaction
    ) throws -> (linked: LinkedEntities?, isComplete: Bool) {
        guard let join = representation.join else { return (nil, true) }
        var plan = LinkedEntityPlan(from: entities, join, in: representation, limit: limit)
        while let ids = plan.next() { plan.take(try fetch(ids, transaction)) }
        return (plan.result, plan.isComplete)
    }

    private func fetch(
        _ ids: Set<EntityID>,
        _ transaction: any ReadTransaction
    ) throws -> [Entity] {
        if ids.isEmpty { return [] }
        let query = EntityQuery(condition: .ids(ids), limit: ids.count)
        return try transaction.entities(query).entities
    }

    /// All Linked Entities that the representation asks for; throws when there are too many.
    func all(
        linkedFrom entities: [EncodedEntity],
        in representation: Representation,
        _ transaction: any ReadTransaction
    ) throws -> LinkedEntities? {
        guard representation.join != nil else { return nil }
        let (linked, isComplete) = try self.entities(
            linkedFrom: entities.map { try $0.value() },
            in: representation,
            transaction
        )
        guard isComplete else {
            throw BrokerError(
                .tooComplexQuery,
                "More than \(limit) Linked Entities belong to this answer; ask for a lower "
                    + "joinLevel, pick fewer Relationships or take smaller pages."
            )
        }
        return linked
    }
}
