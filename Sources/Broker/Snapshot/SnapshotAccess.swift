package import ContextModel
package import Governance
import Logging
package import Storage

/// A query of a snapshot, as the Gateway has read it (clause 5.2.23).
package struct SnapshotQuery: Sendable, Equatable {
    package var query: EntityQuery
    package var representation: Representation

    package init(_ query: EntityQuery, shownAs representation: Representation) {
        self.query = query
        self.representation = representation
    }
}

/// The common parts of the operations on snapshots.
extension Snapshotting {
    /// The store for a request on a snapshot (clauses 5.5.15 and 6.3.22).
    ///
    /// A snapshot exists for its maker alone.
    package func snapshotStore(_ id: String, caller: Caller) throws(BrokerError) -> TenantName {
        let snapshot = try self.snapshot(id, caller)
        guard snapshot.status != .preparing else {
            throw BrokerError(
                .overloaded,
                "The snapshot '\(id)' is being filled; its 'snapshotStatus' says when it is ready."
            )
        }
        snapshots.use(snapshot.key, at: clock())
        return snapshot.store
    }

    /// The caller's snapshot; throws when there is none or it has expired.
    func snapshot(_ id: String, _ caller: Caller) throws(BrokerError) -> Snapshot {
        guard URIText.isValid(id) else {
            throw BrokerError(.badRequestData, "The snapshot id '\(id)' is not a URI.")
        }
        let key = Snapshot.Key(tenant: caller.tenant, owner: caller.party, id: id)
        guard let snapshot = snapshots[key], snapshot.expiresAt > clock() else {
            throw BrokerError.unknownSnapshot(id)
        }
        return snapshot
    }

    /// Stores the registry's present state of the snapshot, so that the last write is right.
    func keep(_ snapshot: Snapshot) async throws {
        let store = try await access.existingStore(snapshot.key.tenant)
        try await snapshots.turns.take { [snapshots] in
            guard let current = snapshots[snapshot.key], current.file == snapshot.file else {
                return
            }
            try await store.changeDocuments(reading: []) { $0.put(current.document) }
        }
    }

    /// Removes the snapshot with its store and its subscriptions.
    ///
    /// Its document is removed last, so that after a stop in between the next start removes the
    /// rest.
    func remove(_ snapshot: Snapshot) async throws {
        guard snapshots.remove(snapshot) else { return }
        try await removeRest(of: snapshot)
    }

    /// Removes the rest of a snapshot that cannot be found any more.
    func removeRest(of snapshot: Snapshot) async throws {
        try await store.removeSnapshot(snapshot.store)
        // Its subscriptions and registrations go with it.
        await follower.catchUp(with: snapshot.store)
        await registrations.catchUp(with: snapshot.store)
        let store = try await access.existingStore(snapshot.key.tenant)
        try await snapshots.turns.take {
            try await store.changeDocuments(reading: []) { $0.remove(.snapshot, id: snapshot.file) }
        }
    }

    /// Loads the snapshots of all tenants: call it once, before the first request.
    ///
    /// A snapshot that was being filled when the hub stopped has failed, because its data was to
    /// be of that time.
    package func loadSnapshots() async throws {
        let tenants: [TenantName?] = [nil] + (await store.tenantNames)
        for tenant in tenants {
            for document in try await access.existingStore(tenant).documents(.snapshot) {
                guard var snapshot = Snapshot(document, tenant: tenant) else {
                    logger.error("The snapshot '\(document.id)' is damaged.")
                    continue
                }
                let isHalfMade = snapshot.status == .preparing
                if isHalfMade { snapshot.fail(at: clock()) }
                snapshots.put(snapshot)
                guard isHalfMade else { continue }
                try await store.removeSnapshot(snapshot.store)
                _ = try await store.makeSnapshot(snapshot.store)
                try await keep(snapshot)
            }
        }
        try await store.removeSnapshots(except: snapshots.stores)
    }
}

extension Snapshot {
    /// Whether its endpoint is to be notified of changes.
    var needsNotice: Bool { body["endpoint"] != nil }

    fileprivate mutating func fail(at now: Timestamp) {
        let error = BrokerError(
            .internalError,
            "The hub was stopped while the snapshot was being filled; create it again."
        )
        let count = body["snapshotQueries"]?.arrayValue?.count ?? 0
        let temporal = body["snapshotTemporalQueries"]?.arrayValue?.count ?? 0
        queryResults = Array(repeating: QueryResult(hasFound: false, error: error), count: count)
        temporalQueryResults = Array(
            repeating: QueryResult(hasFound: false, error: error),
            count: temporal
        )
        status = .failure
        modifiedAt = now
        failedNotices = needsNotice ? 0 : nil
    }
}

extension BrokerError {
    static func unknownSnapshot(_ id: String) -> BrokerError {
        BrokerError(.resourceNotFound, "There is no snapshot '\(id)'.")
    }

    static func snapshotExists(_ id: String) -> BrokerError {
        BrokerError(.alreadyExists, "You have a snapshot '\(id)' already.")
    }

    static var hubHasTooManySnapshots: BrokerError {
        BrokerError(.overloaded, "The hub keeps no more snapshots at present; try again later.")
    }

    static func tooManySnapshots(_ limit: Int) -> BrokerError {
        BrokerError(.overloaded, "You have \(limit) snapshots, which is the most; delete some.")
    }
}
