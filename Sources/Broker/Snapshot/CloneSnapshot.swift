package import ContextModel
package import Governance

extension Snapshotting {
    /// Clone Snapshot (clause 5.16.2); returns the identifier of the clone.
    ///
    /// The clone has the same queries, and is independent from then on.
    package func cloneSnapshot(
        _ id: String,
        _ body: JSONValue,
        ld: LDContext,
        caller: Caller
    ) async throws -> String {
        let (newID, given) = try SnapshotReader(context: ld).read(body, allowsQueries: false)
        let original = try snapshot(id, caller)
        var body = JSONObject(
            original.body.members.filter {
                ["snapshotQueries", "snapshotTemporalQueries"].contains($0.key)
            }
        )
        body.members += given.members
        let clone = try newSnapshot(newID, body, context: original.context, caller)
        try await order(SnapshotOrder(snapshot: clone, content: .copy(of: original)), caller)
        return clone.key.id
    }
}
