package import Governance

extension Snapshotting {
    /// Delete Snapshot (clause 5.16.5).
    package func deleteSnapshot(_ id: String, caller: Caller) async throws {
        try await remove(try snapshot(id, caller))
    }
}
