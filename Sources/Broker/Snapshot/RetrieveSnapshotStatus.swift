package import ContextModel
package import Governance

extension Snapshotting {
    /// Retrieve Snapshot Status (clause 5.16.3), with the `@context` for its names.
    package func retrieveSnapshotStatus(
        _ id: String,
        caller: Caller
    ) async throws -> (status: JSONObject, ld: LDContext) {
        let snapshot = try snapshot(id, caller)
        return (snapshot.shown, try await resolver.resolved(snapshot.context, for: caller.sharer))
    }
}
