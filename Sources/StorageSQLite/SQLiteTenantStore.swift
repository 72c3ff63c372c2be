package import ContextModel
internal import Dispatch
package import Governance
package import Storage
internal import Synchronization

/// Series that are to be sealed, and whether somebody is at it.
private struct GrownSeries {
    var series: Set<HistorySeries> = []
    var isWorkedAt = false
}

/// Whether histories that have no entity any more may be left, and whether somebody removes them.
private struct RemovedHistories {
    var mayBeLeft = false
    var isWorkedAt = false

    /// Begins another round of removal if anything may be left; returns false, and marks the removal as
    /// finished, if nothing is.
    mutating func beginRound() -> Bool {
        defer { mayBeLeft = false }
        isWorkedAt = mayBeLeft
        return mayBeLeft
    }
}

/// The promises of a store, kept by one SQLite file.
package final class SQLiteTenantStore: TenantStore {
    let committer: Committer
    let writer: Writer
    private let readers: ConnectionPool
    private let filling = Mutex(false)
    let path: String
    let sweeping = Mutex(SweepSchedule())
    /// For a whole sweep of this tenant.
    let sweepTurns = SweepTurns()
    private let grown = Mutex(GrownSeries())
    private let removing = Mutex(RemovedHistories())
    private let clock: @Sendable () -> Timestamp

    /// Opens the file, making or migrating it if need be.
    ///
    /// Blocks.
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
            self.path = path
            readers = try ConnectionPool(path: path, queryTimeout: queryTimeout)
        } catch let error as StorageError where error.code == .damaged {
            throw StorageError(.damaged, note: "\(error.note); \(Schema.recovery(path))")
        }
        committer = Committer(writer: writer, checkpointer: checkpointer)
        self.clock = clock
        // Before anybody writes.
        writer.whenSweepIsDue = { [weak self] in self?.sweepSoon() }
        writer.whenHistoryIsRemoved = { [weak self] in self?.removeHistoriesSoon() }
        if !writer.removedHistories.isEmpty { removeHistoriesSoon() }
        fillIndexes(registering: [], for: .operator)
    }

    /// Runs the body on one state of the database, with all names, shapes and forms that the rows
    /// of it can use.
    ///
    /// `meanwhile` is called between the two.
    /// Those that writers add are in memory before they are in the file. What a sweep took out
    /// after the state began may be missing, so then another state is taken.
    func snapshot<Answer>(
        _ reader: Reader,
        meanwhile: () -> Void = {},
        _ body: (Vocabulary) throws -> Answer
    ) throws -> Answer {
        while true {
            let removals = writer.shared.withLock(\.removals)
            let answer: Answer? = try reader.snapshot {
                meanwhile()
                let vocabulary = writer.shared.withLock { $0 }
                guard vocabulary.removals == removals else { return nil }
                return .some(try body(vocabulary))
            }
            if let answer { return answer }
        }
    }

    // MARK: Reading

    package func encodedEntity(
        _ id: EntityID,
        grant: ReadGrant
    ) async throws -> EncodedEntity? {
        let now = clock()
        let immediate = try readers.immediately { try $0.entity(id, now: now, grant: grant) }
        if let immediate { return immediate }
        return try await readers.run(.point) { try $0.entity(id, now: now, grant: grant) }
    }

    package func encodedEntities(
        _ query: EntityQuery,
        grant: ReadGrant
    ) async throws -> EntityPage<EncodedEntity> {
        let search = search(query, grant)
        if let quick = try quickPage(search) { return quick }
        return try await readers.run(.query(grant.sharer)) { [self] reader in
            try snapshot(reader) { try search(reader, $0).page() }
        }
    }

    /// The page, if it costs so little that it may be found on the thread that asks.
    private func quickPage(
        _ search: (Reader, Vocabulary) throws -> PageSearch
    ) throws -> EntityPage<EncodedEntity>? {
        do {
            let page = try readers.immediately { reader in
                reader.budget = DecisionBudget(steps: Limits.stepsAtOnce)
                defer { reader.budget = nil }
                return try snapshot(reader) { try search(reader, $0).quickPage() }
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
        let condition = query.condition.and(grant.condition)
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
                    writer.indexPlaces.withLock { $0.note(name, for: grant.party, at: now) }
                },
                wantIndexes: {
                    if !$0.isEmpty { self.fillIndexes(registering: $0, for: grant.party) }
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
            try snapshot(reader) { vocabulary in
                let transaction = SQLiteReadTransaction(
                    reader: reader,
                    vocabulary: vocabulary,
                    grant: grant,
                    now: now,
                    sealing: writer.sealing,
                    search: { [self] in try search($0, grant)(reader, vocabulary) }
                )
                return (try body(transaction), transaction.grown)
            }
        }
        seal(grown)
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
            writer.covered = grant.condition
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
            writer.covered = grant.condition
            return try writer.changeEach(
                ids,
                grant: grant,
                at: now,
                clock: clock,
                othersWait: { writer.servesSeveral || committer.othersWait(than: grant.sharer) },
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
            writer.covered = grant.condition
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
            writer.covered = grant.condition
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

    // MARK: What is not city data

    package func documents(_ kind: Document.Kind) async throws -> [Document] {
        try await readers.run(.list) { try $0.documents(kind) }
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
        // Where no connection is idle all are at work.
        _ = try readers.immediately { try $0.outboxMessage(0) }
        if committer.failure != nil { try await committer.run { try $0.touch() } }
    }

    // MARK: Upkeep

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

    /// Makes value indexes in the background, a step between other requests at a time.
    private func fillIndexes(registering names: [IRI], for party: Party) {
        let isFirst = filling.withLock { isFilling in
            defer { isFilling = true }
            return !isFilling
        }
        guard isFirst else { return }
        Task { [self] in
            defer { filling.withLock { $0 = false } }
            do {
                try await makeIndexes(names, for: party)
            } catch {
                // A full disk or a store that closes: the index stays as far as it came and is
                // not used; the next start, or the next query that wants one, goes on with it.
            }
        }
    }

    /// Makes value indexes of the attributes, as far as the party may have some; returns when all there
    /// are are complete, and those that gave their places are gone.
    ///
    /// `meanwhile` is called between the reading of a portion and its writing.
    package func makeIndexes(
        _ names: [IRI],
        for party: Party,
        meanwhile: () async throws -> Void = {}
    ) async throws {
        let now = clock()
        try await committer.run { try $0.registerIndexes(names, for: party, at: now) }
        let filling = IndexFilling()
        var opened: Reader?
        while let portion = try await committer.run({ try $0.nextPortion(of: filling) }) {
            // Of its own: however long queries take, the index that spares them is made.
            let reader = try opened ?? Reader(path: path)
            opened = reader
            let filled = try await read(portion, with: reader)
            try await meanwhile()
            let entries = filled.entries
            for start in stride(from: 0, to: entries.count, by: Limits.entriesPerStep) {
                let step = entries[start..<min(start + Limits.entriesPerStep, entries.count)]
                try await committer.run { try $0.add(step, of: portion) }
            }
            let crowded = filled.crowded
            for start in stride(from: 0, to: crowded.count, by: Limits.entriesPerStep) {
                let step = crowded[start..<min(start + Limits.entriesPerStep, crowded.count)]
                try await committer.run { try $0.add(crowded: step, of: portion) }
            }
            try await committer.run { try $0.finish(filled, grant: InternalGrant(.indexing)) }
        }
        while try await committer.run({ try $0.removeGivenUpEntries() }) {}
    }

    private func read(_ portion: IndexPortion, with reader: Reader) async throws -> IndexPortion {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global(qos: .utility).async { [self] in
                continuation.resume(
                    with: Result {
                        try snapshot(reader) {
                            try reader.fill(portion, $0, grant: InternalGrant(.indexing))
                        }
                    }
                )
            }
        }
    }

    /// Seals series in the background, a segment between other requests at a time.
    private func seal(_ series: Set<HistorySeries>) {
        let isFirst = grown.withLock { grown in
            let free = Limits.seriesToSeal - grown.series.count
            grown.series.formUnion(series.prefix(max(free, 0)))
            guard !grown.isWorkedAt, !grown.series.isEmpty else { return false }
            grown.isWorkedAt = true
            return true
        }
        guard isFirst else { return }
        Task { [self] in
            defer { grown.withLock { $0.isWorkedAt = false } }
            do {
                try await sealHistory()
            } catch {
                // A full disk or a store that closes: the series is read from its rows, and its
                // next reader has it tried again.
            }
        }
    }

    /// Seals the series that readers have found long; returns when none waits any more.
    package func sealHistory() async throws {
        while let series = grown.withLock({ $0.series.first }) {
            while try await committer.run({
                try $0.seal(series, grant: InternalGrant(.sealing))
            }) {}
            grown.withLock { _ = $0.series.remove(series) }
        }
    }

    /// Removes what is left of histories in the background, a portion between other requests at a time.
    private func removeHistoriesSoon() {
        let isFirst = removing.withLock { removing in
            removing.mayBeLeft = true
            defer { removing.isWorkedAt = true }
            return !removing.isWorkedAt
        }
        guard isFirst else { return }
        Task { [self] in
            do {
                try await removeDetachedHistories()
            } catch {
                // A full disk or a store that closes: nobody sees what is left, and the next
                // removal of a long history, or the next start, goes on with it.
                removing.withLock { $0.isWorkedAt = false }
            }
        }
    }

    private func removeDetachedHistories() async throws {
        while removing.withLock({ $0.beginRound() }) {
            while try await committer.run({ try $0.removeDetachedHistory() }) {}
        }
    }

    /// Waits for accepted writes, then closes the file.
    func close() async {
        readers.close()
        await committer.close()
    }
}
