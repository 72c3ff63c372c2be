package import ContextModel
package import Governance

extension Snapshotting {
    /// Update Snapshot Status (clause 5.16.4): its expiry, priority and endpoint.
    package func updateSnapshotStatus(
        _ id: String,
        _ fragment: JSONValue,
        ld: LDContext,
        caller: Caller
    ) async throws -> (status: JSONObject, ld: LDContext) {
        let old = try snapshot(id, caller)
        let (given, members) = try SnapshotReader(context: ld).read(
            fragment,
            allowsQueries: false,
            allowsNull: true
        )
        if let given, given != id {
            throw BrokerError(.badRequestData, "'id' cannot be changed: it is '\(id)'.")
        }
        try requireCallable(endpointOf: members)
        let now = clock()
        let body = old.body.updated(with: members)
        let expiry =
            members["snapshotLifetime"] == nil
            ? old.expiresAt : try snapshotExpiry(body, from: now)
        let new = snapshots.update(old) { snapshot in
            snapshot.body = snapshot.body.updated(with: members)
            snapshot.expiresAt = expiry
            snapshot.modifiedAt = now
            snapshot.failedNotices = snapshot.needsNotice ? 0 : nil
        }
        guard let new else { throw BrokerError.unknownSnapshot(id) }
        try await keep(new)
        if new.needsNotice { snapshots.wake() }
        return (new.shown, try await resolver.resolved(new.context, for: caller.sharer))
    }
}
