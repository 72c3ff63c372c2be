package import ContextModel
package import Governance
package import Storage
internal import Synchronization

/// A store in one SQLite file.
package final class SQLiteTenantStore: TenantStore {
    let committer: Committer
    let writer: Writer
    private let readers: ConnectionPool
    let sweeper: VocabularySweeper
    let filler: IndexFiller
    let sealer: HistorySealer
    private let remover: HistoryRemover
    private let clock: @Sendable () -> Timestamp

    /// Opens the file, which is created or migrated if need be.
    ///
    /// It blocks.
    init(
        path: String,
        maximumPages: Int?,
        queryTimeout: Duration,
        sealing: SealingLimits,
        clock: @escaping @Sendable () -> Timestamp
    ) throws {
        let checkpointer: Checkpointer
        do {
            try DatabaseFile(path: path).check()
            try Schema.migrate(path: path)
            writer = try Writer(
                path: path,
                maximumPages: maximumPages,
                sealing: sealing,
                now: clock()
            )
            checkpointer = try Checkpointer(path: path)
            readers = try ConnectionPool(path: path, queryTimeout: queryTimeout)
        } catch let error as StorageError where error.code == .damaged {
            throw StorageError(.damaged, note: "\(error.note); \(Schema.recovery(path))")
        }
        committer = Committer(writer: writer, checkpointer: checkpointer)
        self.clock = clock
        sweeper = VocabularySweeper(committer, writer.vocabulary.shown, readers)
        filler = IndexFiller(committer, writer.vocabulary.shown, readers, clock: clock)
        sealer = HistorySealer(committer)
        remover = HistoryRemover(committer)
        // Set before anything is written.
        writer.vocabulary.whenSweepIsDue = { [weak sweeper] in sweeper?.sweepSoon() }
        writer.detached.whenDetached = { [weak remover] in remover?.removeSoon() }
        if writer.detached.first != nil { remover.removeSoon() }
        filler.fillSoon([], for: .operator)
    }

    // MARK: Reading

    package func encodedEntity(
        _ id: EntityID,
        grant: ReadGrant
    ) async throws -> EncodedEntity? {
        let now = clock()
        let shown = writer.vocabulary.shown
        let read: @Sendable (Reader) throws -> EncodedEntity? = { reader in
            try reader.entity(id, now: now, grant: grant) { shown.decide(grant, forShape: $0) }
        }
        if let immediate = try readers.immediately(read) { return immediate }
        return try await readers.run(.point, read)
    }

    package func encodedEntities(
        _ query: EntityQuery,
        grant: ReadGrant
    ) async throws -> EntityPage<EncodedEntity> {
        let search = search(query, grant)
        if let quick = try quickPage(search) { return quick }
        return try await readers.run(.query(grant.sharer)) { [self] reader in
            try writer.vocabulary.shown.snapshot(reader) { try search(reader, $0).page() }
        }
    }

    /// The page, if it is cheap enough to be found on the calling thread.
    private func quickPage(
        _ search: (Reader, Vocabulary) throws -> PageSearch
    ) throws -> EntityPage<EncodedEntity>? {
        do {
            let page = try readers.immediately { reader in
                reader.budget = DecisionBudget(steps: Limits.stepsAtOnce)
                defer { reader.budget = nil }
                return try writer.vocabulary.shown.snapshot(reader) {
                    try search(reader, $0).quickPage()
                }
            }
            return page ?? nil
        } catch let error as StorageError where error.code == .tookTooLong {
            return nil
        }
    }

    private func search(
        _ query: EntityQuery,
        _ grant: ReadGrant
    ) -> @Sendable (Reader, Vocabulary) throws -> PageSearch {
        let condition = grant.restricted(query.condition)
        let now = clock()
        return { [self] reader, vocabulary in
            PageSearch(
                query: query,
                plan: try EntityPlan(
                    condition,
                    vocabulary: vocabulary,
                    now: now,
                    budget: reader.budget
                ),
                grant: grant,
                connection: reader.connection,
                usesIndex: { [self] name in
                    writer.indexes.places.withLock { $0.note(name, for: grant.party, at: now) }
                },
                wantIndexes: {
                    if !$0.isEmpty { self.filler.fillSoon($0, for: grant.party) }
                }
            )
        }
    }

    package func read<Answer: Sendable>(
        _ grant: ReadGrant,
        _ body: @escaping @Sendable (any ReadTransaction) throws -> Answer
    ) async throws -> Answer {
        let now = clock()
        let (answer, grown) = try await readers.run(.query(grant.sharer)) { [self] reader in
            try writer.vocabulary.shown.snapshot(reader) { vocabulary in
                let transaction = SQLiteReadTransaction(
                    reader: reader,
                    vocabulary: vocabulary,
                    grant: grant,
                    now: now,
                    sealing: writer.segments.limits,
                    search: { [self] in try search($0, grant)(reader, vocabulary) }
                )
                return (try body(transaction), transaction.grown)
            }
        }
        sealer.sealSoon(grown)
        return answer
    }

    // MARK: Writing

    package func change<Answer: Sendable>(
        _ id: EntityID,
        grant: WriteGrant,
        at now: Timestamp?,
        _ body: @escaping @Sendable (GrantedEntity) throws -> (Changes, Answer)
    ) async throws -> Answer {
        try await committer.run(for: grant.sharer) { writer in
            writer.transaction.granted = grant
            return try writer.change(id, grant: grant, at: now, body)
        }
    }

    package func changeEach<Answer: Sendable>(
        _ ids: ArraySlice<EntityID>,
        grant: WriteGrant,
        at now: Timestamp?,
        _ body: @escaping @Sendable (Int, GrantedEntity) throws -> (Changes, Answer)
    ) async throws -> [Result<Answer, any Error>] {
        try await committer.run(for: grant.sharer) { [clock, committer] writer in
            writer.transaction.granted = grant
            return try writer.changeEach(
                ids,
                grant: grant,
                at: now,
                clock: clock,
                othersWait: {
                    writer.transaction.servesSeveral || committer.othersWait(than: grant.sharer)
                },
                body
            )
        }
    }

    package func changeEvolution<Answer: Sendable>(
        of id: EntityID,
        grant: WriteGrant,
        _ body: @escaping @Sendable (GrantedEvolution) throws -> (Changes, Answer)
    ) async throws -> Answer {
        try await committer.run(for: grant.sharer) { writer in
            writer.transaction.granted = grant
            return try writer.changeEvolution(of: id, grant: grant, body)
        }
    }

    package func removeHistory(
        of id: EntityID,
        _ what: HistoryRemoval,
        from position: HistoryRemovalPosition?,
        grant: WriteGrant
    ) async throws -> HistoryRemovalStep? {
        try await committer.run(for: grant.sharer) { writer in
            writer.transaction.granted = grant
            return try writer.removeHistory(of: id, what, from: position, grant: grant)
        }
    }

    package func restore<Answer: Sendable>(
        _ grant: InternalGrant,
        for party: Party?,
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Answer
    ) async throws -> Answer {
        try await committer.run(for: party.map { Sharer($0) }, body)
    }

    package func changeFollowedDocuments<Answer: Sendable>(
        reading keys: [DocumentKey],
        _ body: @escaping @Sendable (inout DocumentChanges) throws -> Answer
    ) async throws -> (answer: Answer, changes: OwnChanges?) {
        try await committer.run { try $0.changeFollowedDocuments(reading: keys, body) }
    }

    package func bookkeep<Answer: Sendable>(
        _ body: @escaping @Sendable (any BookkeepingTransaction) throws -> Answer
    ) async throws -> Answer {
        try await committer.run(body)
    }

    // MARK: Documents and the outbox

    package func documents(_ kind: Document.Kind) async throws -> [Document] {
        try await readers.run(.list) { try $0.documents(kind) }
    }

    package func documents(
        _ kind: Document.Kind,
        inPortionsOf count: Int,
        _ body: @escaping @Sendable ([Document]) throws -> Void
    ) async throws {
        try await readers.run(.list) {
            try $0.connection.documents(kind, inPortionsOf: count, body)
        }
    }

    package func documents(
        _ kind: Document.Kind,
        of owner: String,
        offset: Int,
        limit: Int
    ) async throws -> [Document] {
        try await readers.run(.list) {
            try $0.connection.documents(kind, of: owner, offset: offset, limit: limit)
        }
    }

    package func documentCount(_ kind: Document.Kind, of owner: String) async throws -> Int {
        try await readers.run(.list) { try $0.connection.documentCount(kind, of: owner) }
    }

    package func document(_ kind: Document.Kind, id: String) async throws -> Document? {
        try await readers.run(.point) { try $0.document(kind, id: id) }
    }

    package func documentCount(_ kind: Document.Kind) async throws -> Int {
        try await readers.run(.point) { try $0.documentCount(kind) }
    }

    package func feed(
        after number: Int64?,
        of kinds: Set<Document.Kind>
    ) async throws -> ChangeFeedPage {
        let quick = try readers.immediately { reader -> ChangeFeedPage? in
            let newest = try reader.connection.newestChange()
            if newest == number { return ChangeFeedPage(number: newest) }
            guard let number, newest - number <= Limits.changesAtOnce else { return nil }
            return try reader.feed(after: number, of: kinds)
        }
        if let page = quick ?? nil { return page }
        return try await readers.run(.feed) { try $0.feed(after: number, of: kinds) }
    }

    package func outbox(
        after sequence: Int64,
        limit: Int,
        grant: InternalGrant
    ) async throws -> [OutboxMessage] {
        try await readers.run(.point) { try $0.outbox(after: sequence, limit: limit) }
    }

    package func outboxMessage(
        _ sequence: Int64,
        grant: ReadGrant
    ) async throws -> OutboxMessage? {
        try await readers.run(.point) { try $0.outboxMessage(sequence) }
    }

    package func outboxHasUnclaimed() async throws -> Bool {
        try await readers.run(.point) { try $0.outboxHasUnclaimed() }
    }

    package func outboxLease() async throws -> OutboxLease? {
        try await readers.run(.point) { try $0.outboxLease() }
    }

    package func outboxDepth() async throws -> OutboxDepth {
        try await readers.run(.point) { try $0.outboxDepth() }
    }

    package func probe() async throws {
        // Without an idle connection, all are working.
        _ = try readers.immediately { try $0.outboxMessage(0) }
        if committer.failure != nil { try await committer.run { try $0.touch() } }
    }

    // MARK: Maintenance

    package func entityCount(grant: InternalGrant) async throws -> Int {
        try await readers.run(.point) { try $0.entityCount() }
    }

    package func expired(
        at now: Timestamp,
        limit: Int,
        grant: InternalGrant
    ) async throws -> [EntityID] {
        try await readers.run(.point) { try $0.expired(at: now, limit: limit) }
    }

    package func retain(
        _ rules: [RetentionRule],
        now: Timestamp,
        grant: InternalGrant
    ) async throws -> Int {
        var position: RetentionPosition? = RetentionPosition()
        var removed = 0
        while let start = position {
            let step = try await committer.run { try $0.retain(rules, now: now, from: start) }
            removed += step.removed
            position = step.next
        }
        return removed
    }

    package func removeTraces() async throws {
        try await remover.removeAll()
        for _ in 0..<Limits.emptyings {
            if await committer.emptyLog() { return }
            try await Task.sleep(for: Limits.emptyingPause)
        }
        throw StorageError(.overloaded, note: "what was erased is read still, and so in the log")
    }

    /// Waits for accepted requests, then closes the file, so that no connection to it is left.
    ///
    /// A connection that stays open has no lock any more once this process has opened and closed the
    /// file by other means, as the check before opening does: another process that closed the file
    /// then removed the log under it.
    func close() async {
        readers.refuse()
        await committer.finish()
        await readers.close()
        committer.close()
    }
}
