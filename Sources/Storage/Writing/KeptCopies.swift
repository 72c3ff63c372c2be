package import ContextModel
package import Governance

/// A part of a temporal evolution that is copied.
package struct HistoryCopy: Sendable {
    package var id: EntityID
    package var types: [IRI]
    package var scopes: [String]
    package var instances: [NamedAttribute]

    package init(
        id: EntityID,
        types: [IRI],
        scopes: [String],
        instances: [NamedAttribute]
    ) {
        self.id = id
        self.types = types
        self.scopes = scopes
        self.instances = instances
    }
}

extension Store {
    /// Stores copies of what a reader has seen in its snapshot, in one transaction; false when the
    /// snapshot was removed.
    ///
    /// No grant is checked again: the condition of the grant may be about attributes that were
    /// left out of the copies.
    package func keepCopies(
        of entities: [Entity] = [],
        histories: [HistoryCopy] = [],
        in snapshot: TenantName,
        grant: CopyGrant
    ) async throws -> Bool {
        precondition(snapshot.snapshot != nil, "copies are kept in snapshots, not by tenants")
        guard let store = try await tenant(snapshot) else { return false }
        try await store.restore(InternalGrant(.copying), for: grant.party) { transaction in
            for entity in entities { try transaction.put(entity) }
            for history in histories {
                try transaction.appendHistory(
                    history.id,
                    types: history.types,
                    scopes: history.scopes,
                    history.instances
                )
            }
        }
        return true
    }
}
