package import Governance

extension Hub {
    /// Delete Snapshot (clause 5.16.5).
    package func deleteSnapshot(_ id: String, caller: Caller) async throws {
        try await remove(try snapshot(id, caller))
    }
}
