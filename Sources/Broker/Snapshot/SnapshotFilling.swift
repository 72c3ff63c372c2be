import ContextModel
import Governance
import Logging
import Storage

/// Filling snapshots for their makers, with their makers' grants (clauses 5.16.1.4 and 5.16.2.4).
extension Snapshotting {
    /// Fills the snapshot and stores its status.
    ///
    /// It stops, and leaves nothing, when the snapshot is deleted meanwhile.
    func make(_ order: SnapshotOrder) async throws {
        guard snapshots[order.snapshot.key]?.file == order.snapshot.file else { return }
        var made = order.snapshot
        switch order.content {
        case .queries(let queries, let temporal):
            (made.queryResults, made.temporalQueryResults) = try await fill(
                order.snapshot,
                queries,
                temporal: temporal
            )
            made.status = Self.status(of: made.queryResults + made.temporalQueryResults)
        case .copy(let original):
            guard let original = snapshots[original.key], original.file != made.file else {
                made.status = .failure
                break
            }
            let isCopied = try await copy(original, into: order.snapshot)
            made.status = isCopied ? original.status : .failure
            made.queryResults = original.queryResults
            made.temporalQueryResults = original.temporalQueryResults
        }
        let now = clock()
        let kept = snapshots.update(order.snapshot) { snapshot in
            snapshot.status = made.status
            snapshot.queryResults = made.queryResults
            snapshot.temporalQueryResults = made.temporalQueryResults
            snapshot.modifiedAt = now
            snapshot.failedNotices = snapshot.needsNotice ? 0 : nil
        }
        if let kept { try await keep(kept) }
    }

    static func status(of results: [QueryResult]) -> Snapshot.Status {
        let hasFound = results.contains(where: \.hasFound)
        if results.allSatisfy(\.hasFound) { return .success }
        if hasFound { return .partial }
        return results.contains { $0.error == nil } ? .empty : .failure
    }

    /// Runs the queries, each at one moment, and stores their results.
    private func fill(
        _ snapshot: Snapshot,
        _ queries: [SnapshotQuery],
        temporal: [TemporalQuery]
    ) async throws -> (results: [QueryResult], temporal: [QueryResult]) {
        var content = SnapshotContent()
        var results: [QueryResult] = []
        for query in queries {
            results.append(
                await result {
                    let found = try await self.entities(for: query, snapshot.maker)
                    for entity in found { content.add(entity) }
                    try self.checkSize(content.entities.count)
                    return !found.isEmpty
                }
            )
        }
        try await store(content.entities, in: snapshot)
        var room = limits.maximumSnapshotInstances
        var temporalResults: [QueryResult] = []
        for query in temporal {
            temporalResults.append(
                await result {
                    try await self.copyHistory(
                        query,
                        as: snapshot.maker,
                        into: snapshot,
                        room: &room
                    )
                }
            )
        }
        return (results, temporalResults)
    }

    /// Copies one snapshot into another; false when it was too large or was removed.
    private func copy(_ original: Snapshot, into snapshot: Snapshot) async throws -> Bool {
        var reader = snapshot.maker
        reader.tenant = original.store
        let all = EntityQuery(condition: .everything, limit: limits.maximumSnapshotEntities + 1)
        let history = TemporalQuery(
            condition: .everything,
            timeProperty: .createdAt,
            instanceLimit: 1,
            limit: 1
        )
        let copied = await result {
            let query = SnapshotQuery(all, shownAs: Representation())
            let found = try await self.entities(for: query, reader)
            try await self.store(found, in: snapshot)
            var room = self.limits.maximumSnapshotInstances
            return try await self.copyHistory(history, as: reader, into: snapshot, room: &room)
        }
        return copied.error == nil
    }

    /// Runs a query; an error that the caller may know is stored, others are logged.
    private func result(_ run: () async throws -> Bool) async -> QueryResult {
        do {
            return QueryResult(hasFound: try await run())
        } catch let error as BrokerError where error.code != .internalError {
            return QueryResult(hasFound: false, error: error)
        } catch {
            logger.error("A query of a snapshot failed: \(error)")
            return QueryResult(
                hasFound: false,
                error: BrokerError(.internalError, "The hub could not do this.")
            )
        }
    }

    // MARK: Current state

    /// The entities that the query finds, with the Linked Entities it asks for and in its
    /// projection.
    private func entities(
        for query: SnapshotQuery,
        _ reader: Caller
    ) async throws -> [Entity] {
        var all = query.query
        (all.offset, all.limit, all.wantsCount) = (0, limits.maximumSnapshotEntities + 1, false)
        var representation = query.representation
        representation.join?.format = .flat
        let answer = try await reading.queryEntities(all, shownAs: representation, caller: reader)
            .answer
        let (page, linked) = (answer.page, answer.linked)
        try checkSize(page.entities.count)
        var found = try page.decoded().entities.map { $0.projected(representation.projection) }
        if case .appended(let others) = linked {
            found += others.map { $0.entity.projected($0.projection) }
        }
        return found
    }

    private func checkSize(_ count: Int) throws {
        guard count <= limits.maximumSnapshotEntities else {
            throw BrokerError(
                .tooManyResults,
                "A snapshot has \(limits.maximumSnapshotEntities) entities at most; narrow the "
                    + "query."
            )
        }
    }

    private func store(_ entities: [Entity], in snapshot: Snapshot) async throws {
        let grant = try await copyGrant(for: snapshot)
        for start in stride(from: 0, to: entities.count, by: Self.entitiesPerStep) {
            let step = entities[start..<min(start + Self.entitiesPerStep, entities.count)]
            try await keep(Array(step), histories: [], in: snapshot, grant)
        }
    }

    /// Entities stored in one transaction, and evolutions read at once.
    private static let entitiesPerStep = 500
    private static let evolutionsPerStep = 20

    /// The grant to copy into the snapshot what its maker may see.
    private func copyGrant(for snapshot: Snapshot) async throws -> CopyGrant {
        var maker = snapshot.maker
        maker.tenant = snapshot.store
        return try await reading.session(maker).grant.copyGrant
    }

    private func keep(
        _ entities: [Entity],
        histories: [HistoryCopy],
        in snapshot: Snapshot,
        _ grant: CopyGrant
    ) async throws {
        let isKept = try await store.keepCopies(
            of: entities,
            histories: histories,
            in: snapshot.store,
            grant: grant
        )
        guard isKept else { throw BrokerError.unknownSnapshot(snapshot.key.id) }
    }

    // MARK: History

    /// Copies the evolutions that the query finds, a few at a time; false when it finds none.
    private func copyHistory(
        _ query: TemporalQuery,
        as reader: Caller,
        into snapshot: Snapshot,
        room: inout Int
    ) async throws -> Bool {
        let session = try await reading.session(reader, condition: query.condition)
        let grant = try await copyGrant(for: snapshot)
        let all = query.identifying(limit: limits.maximumSnapshotEntities + 1)
        let ids = try await session.read { try $0.evolutions(all).evolutions.map(\.id) }
        try checkSize(ids.count)
        for start in stride(from: 0, to: ids.count, by: Self.evolutionsPerStep) {
            var some = query
            let step = ids[start..<min(start + Self.evolutionsPerStep, ids.count)]
            some.condition = query.condition.and(.ids(Set(step)))
            (some.offset, some.limit, some.wantsCount) = (0, step.count, false)
            (some.aggregation, some.instanceLimit, some.pageLimit) = (nil, room, room)
            let page = try await session.read { [some] in try $0.evolutions(some) }
            let evolutions = page.evolutions
            room -= evolutions.reduce(0) { sum, evolution in
                sum + evolution.attributes.reduce(0) { $0 + $1.instances.count }
            }
            guard room > 0, page.contentRange == nil else {
                throw BrokerError(
                    .tooManyResults,
                    "A snapshot has fewer than \(limits.maximumSnapshotInstances) instances of "
                        + "history; narrow the query."
                )
            }
            let histories = evolutions.map { evolution in
                HistoryCopy(
                    id: evolution.id,
                    types: evolution.types,
                    scopes: evolution.scopes.last?.value.scopes ?? [],
                    instances: evolution.attributes + evolution.scopeHistory
                )
            }
            try await keep([], histories: histories, in: snapshot, grant)
        }
        return !ids.isEmpty
    }
}
