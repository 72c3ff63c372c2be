package import ContextModel
package import Governance
import Storage

extension Hub {
    /// Batch Entity Delete (clause 5.6.10).
    package func batchDelete(_ ids: [EntityID], caller: Caller) async throws -> BatchResult {
        let (store, grant) = try await writing(caller, makesTenant: false)
        let now = clock()
        var written = try await writeInPortions(
            ids,
            to: store,
            grant,
            tenant: caller.tenant,
            now: now
        ) { writer, id, result in
            if let entity = try writer.transaction.writable(id, grant: grant, now: now) {
                try writer.write(.deletion(of: entity))
                result.changed.append(id)
            } else {
                result.errors.append((id, BrokerError.unknown(id)))
            }
        }
        if let failure = written.failure {
            written.result.errors += written.rest.map { ($0, BrokerError(restOfRequest: failure)) }
        }
        return written.result
    }
}
