package import ContextModel
package import Governance
import Federation
import Storage

extension Writing {
    /// Batch Entity Delete (clause 5.6.10), here and, where it is passed on, at sources.
    package func batchDelete(
        _ ids: [EntityID],
        forwarding: Forwarding? = nil,
        caller: Caller
    ) async throws -> BatchResult {
        let session = try await session(caller, makesTenant: false)
        let own = { @Sendable (parts: [BatchOwnPart]) async throws in
            try await session.changeEach(parts.map { ids[$0.index] }, id: { $0 }) { id, entity in
                guard let entity else { throw BrokerError.unknown(id) }
                return (.deletion(of: entity), BatchOutcome(isNew: false))
            }
        }
        let distribution = try await distribution(
            of: .delete,
            ids.map { BatchElement(deleting: $0) },
            forwarding,
            session,
            caller
        )
        guard let distribution else {
            return BatchResult(try await own(ids.indices.map { BatchOwnPart(index: $0) }))
        }
        return try await distributed(distribution, caller, own: own)
    }
}
