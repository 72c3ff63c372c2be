import ContextModel
import Governance
import Storage

/// Fetches the entities that others link to (clause 4.5.23).
///
/// Each is read through the same grant as the entities that lead to it: what the reader may not see
/// stays a plain Relationship.
struct LinkedEntityReader {
    let store: any TenantStore
    let grant: ReadGrant
    /// Linked Entities in one answer at most.
    let limit: Int

    /// The Linked Entities as far as the limit allows, and whether they are all that were asked
    /// for; nil when the representation asks for none.
    func entities(
        linkedFrom entities: [Entity],
        in representation: Representation
    ) async throws -> (linked: LinkedEntities?, isComplete: Bool) {
        guard let join = representation.join else { return (nil, true) }
        var plan = LinkedEntityPlan(from: entities, join, in: representation, limit: limit)
        while let ids = plan.next() { plan.take(try await fetch(ids)) }
        return (plan.result, plan.isComplete)
    }

    private func fetch(_ ids: Set<EntityID>) async throws -> [Entity] {
        if ids.isEmpty { return [] }
        let query = EntityQuery(condition: .ids(ids), limit: ids.count)
        return try await store.entities(query, grant: grant).entities
    }
}

extension Hub {
    /// The Linked Entities of an answer that the representation asks for.
    func linkedEntities(
        of entities: [EncodedEntity],
        in representation: Representation,
        from store: any TenantStore,
        grant: ReadGrant
    ) async throws -> LinkedEntities? {
        guard representation.join != nil else { return nil }
        let reader = LinkedEntityReader(
            store: store,
            grant: grant,
            limit: limits.maximumLinkedEntities
        )
        let (linked, isComplete) = try await reader.entities(
            linkedFrom: entities.map { try $0.value() },
            in: representation
        )
        guard isComplete else {
            throw BrokerError(
                .tooComplexQuery,
                "More than \(limits.maximumLinkedEntities) Linked Entities belong to this answer; "
                    + "ask for a lower joinLevel, pick fewer Relationships or take smaller pages."
            )
        }
        return linked
    }
}
