package import ContextModel
package import Governance
import Storage

extension Writing {
    /// Batch Entity Delete (clause 5.6.10).
    package func batchDelete(_ ids: [EntityID], caller: Caller) async throws -> BatchResult {
        let session = try await session(caller, makesTenant: false)
        let written = try await session.changeEach(ids, id: { $0 }) { id, entity in
            guard let entity else { throw BrokerError.unknown(id) }
            return (.deletion(of: entity), BatchOutcome(isNew: false))
        }
        return BatchResult(written)
    }
}
