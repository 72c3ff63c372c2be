package import ContextModel
package import Governance
import Storage

extension Hub {
    /// Purge Entities (clause 5.6.21): deletes what a query finds.
    package func purgeEntities(
        where condition: Condition,
        caller: Caller
    ) async throws {
        let (store, grant) = try await writing(caller, makesTenant: false)
        let (_, readGrant) = try await reading(caller, condition: condition)
        while true {
            // What was deleted is found no more, so the first page is always the next one.
            let page = try await store.entities(
                EntityQuery(condition: condition, limit: Self.purgeStep),
                grant: readGrant
            )
            let ids = page.entities.map(\.id)
            if ids.isEmpty { return }
            try await purge(ids, store: store, grant: grant, caller: caller)
            if !page.hasMore { return }
        }
    }

    /// Entities deleted in one transaction, so that other writers need not wait long.
    private static let purgeStep = 500

    private func purge(
        _ ids: [EntityID],
        store: any TenantStore,
        grant: WriteGrant,
        caller: Caller
    ) async throws {
        let now = clock()
        try await store.write(grant) { [observer] transaction in
            let writer = ChangeWriter(
                transaction: transaction,
                observer: observer,
                tenant: caller.tenant,
                now: now
            )
            for id in ids {
                guard let entity = try transaction.writable(id, grant: grant, now: now) else {
                    throw BrokerError(.forbidden, "Your token does not allow deleting '\(id)'.")
                }
                try writer.write(.deletion(of: entity))
            }
        }
    }
}
