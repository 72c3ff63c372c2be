package import ContextModel
package import Governance
import Storage

extension Hub {
    /// Batch Entity Delete (clause 5.6.10).
    package func batchDelete(_ ids: [EntityID], caller: Caller) async throws -> BatchResult {
        let (store, grant) = try await writing(caller, makesTenant: false)
        let now = clock()
        return try await store.write(grant) { [observer] transaction in
            let writer = ChangeWriter(
                transaction: transaction,
                observer: observer,
                tenant: caller.tenant,
                now: now
            )
            var result = BatchResult()
            for id in ids {
                if let entity = try transaction.writable(id, grant: grant, now: now) {
                    try writer.write(.deletion(of: entity))
                    result.changed.append(id)
                } else {
                    result.errors.append((id, BrokerError.unknown(id)))
                }
            }
            return result
        }
    }
}
