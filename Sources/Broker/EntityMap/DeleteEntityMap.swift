package import Governance
import Storage

extension Reading {
    /// Delete EntityMap (clause 5.14.3).
    package func deleteEntityMap(_ id: String, caller: Caller) async throws {
        let store = try await session(caller).documents
        guard try await entityMap(id, store, caller) != nil else {
            throw BrokerError.unknownEntityMap(id)
        }
        try await store.changeDocuments(reading: []) { $0.removeEntityMap(id) }
    }
}
