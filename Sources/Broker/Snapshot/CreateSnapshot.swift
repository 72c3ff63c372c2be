package import ContextModel
package import Governance
package import Storage

extension Snapshotting {
    /// Create Snapshot (clause 5.16.1); returns its identifier.
    ///
    /// The snapshot is filled afterwards: its status tells when it is ready. The Gateway has read
    /// the queries from the body.
    package func createSnapshot(
        _ body: JSONValue,
        _ queries: [SnapshotQuery],
        temporal: [TemporalQuery],
        ld: LDContext,
        caller: Caller
    ) async throws -> String {
        guard !queries.isEmpty || !temporal.isEmpty else {
            throw BrokerError(
                .badRequestData,
                "A snapshot needs 'snapshotQueries' or 'snapshotTemporalQueries'."
            )
        }
        guard queries.count + temporal.count <= limits.maximumSnapshotQueries else {
            throw BrokerError(
                .tooComplexQuery,
                "A snapshot has \(limits.maximumSnapshotQueries) queries at most."
            )
        }
        let (id, body) = try SnapshotReader(context: ld).read(body, allowsQueries: true)
        let snapshot = try newSnapshot(id, body, context: ld.reference, caller)
        let content = SnapshotOrder.Content.queries(queries, temporal: temporal)
        try await order(SnapshotOrder(snapshot: snapshot, content: content), caller)
        return snapshot.key.id
    }

    func newSnapshot(
        _ id: String?,
        _ body: JSONObject,
        context: JSONValue,
        _ caller: Caller
    ) throws(BrokerError) -> Snapshot {
        let now = clock()
        try requireCallable(endpointOf: body)
        return Snapshot(
            key: Snapshot.Key(
                tenant: caller.tenant,
                owner: caller.party,
                id: id ?? "urn:ngsi-ld:Snapshot:\(makeIdentifier())"
            ),
            standing: caller.standing,
            purpose: caller.purpose,
            file: makeIdentifier(),
            body: body,
            context: context,
            createdAt: now,
            modifiedAt: now,
            expiresAt: try snapshotExpiry(body, from: now),
            lastUsedAt: now
        )
    }

    /// Stores a new snapshot and starts to fill it.
    func order(_ order: SnapshotOrder, _ caller: Caller) async throws {
        // The anonymous party cannot own anything.
        guard caller.party != .anonymous else { throw BrokerError(DenyReason.unauthenticated) }
        _ = try await reading.session(caller)
        try snapshots.add(order.snapshot, limits: limits)
        do {
            _ = try await store.makeSnapshot(order.snapshot.store)
            try await keep(order.snapshot)
            guard snapshots.order(order, limit: limits.maximumWaitingSnapshots) else {
                throw BrokerError(.overloaded, "Too many snapshots wait to be filled; try later.")
            }
        } catch {
            try await remove(order.snapshot)
            throw error
        }
        // It was deleted while it was filled, so what was stored since is removed as well.
        if !snapshots.has(order.snapshot) { try await removeRest(of: order.snapshot) }
    }
}
