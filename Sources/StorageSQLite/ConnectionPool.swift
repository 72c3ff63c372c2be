internal import ContextModel
internal import DequeModule
internal import Dispatch
internal import Governance
internal import Storage
internal import Synchronization

/// A connection that reads, with the statements of point reads.
///
/// `@unchecked Sendable`: one thread at a time borrows it.
final class Reader: @unchecked Sendable {
    let connection: Connection
    let byID: Statement
    let boxes: BoxCollector
    /// The budget for the decisions of the present query; nil for reads without a deadline.
    var budget: DecisionBudget?
    private let begin, anything, end: Statement

    init(path: String) throws {
        connection = try Connection(path: path, access: .readOnly)
        try connection.execute(
            "PRAGMA query_only = 1; PRAGMA cache_size = -\(Limits.readerCacheKibibytes)"
        )
        boxes = try BoxCollector(connection.handle)
        begin = try connection.prepare("BEGIN")
        anything = try connection.prepare("SELECT 1 FROM name LIMIT 1")
        end = try connection.prepare("COMMIT")
        byID = try connection.prepare("SELECT shape, expires, body FROM entity WHERE id = ?1")
    }

    func close() { connection.close() }

    /// Runs the body on one state of the database.
    ///
    /// The state is fixed before the body begins. So the names and shapes that the body takes from
    /// memory afterwards include all that its rows can use.
    func snapshot<Answer>(_ body: () throws -> Answer) throws -> Answer {
        do {
            try begin.run()
            try anything.run()
            let answer = try body()
            try end.run()
            return answer
        } catch {
            // SQLite may have rolled the transaction back at the deadline.
            if connection.isInTransaction { try connection.execute("ROLLBACK") }
            throw error
        }
    }
}

/// The kinds of reads, which differ in what they may use of the pool.
enum ReadKind: Equatable {
    /// A short read, or one of the hub itself: it may use any connection.
    case point
    /// A point read that is never refused for the number of reads waiting.
    ///
    /// The hub's caches depend on it, and it runs few at once.
    case feed
    /// A query, which may last until its deadline.
    ///
    /// It never gets the last connection, and stays within the share of its sharer.
    case query(Sharer)
    /// A list of all documents of a kind, like a query but necessary for the hub.
    case list

    /// The sharer whose share it counts for; nil for the hub's own.
    var sharer: Sharer? {
        if case .query(let sharer) = self { sharer } else { nil }
    }

    var isQuery: Bool { sharer != nil }

    /// Whether it is short, and served before longer reads.
    var isPoint: Bool { self == .point || self == .feed }
}

/// The reading connections of a tenant.
///
/// A point read takes microseconds, so it borrows a connection on the calling thread. A query runs
/// on its own thread, so that it blocks no task. Queries leave one connection to point reads.
final class ConnectionPool: Sendable {
    private let state: Mutex<PoolState>
    private let path: String
    private let queryTimeout: Duration
    private let queue = DispatchQueue(label: "balai.reads", attributes: .concurrent)

    init(path: String, queryTimeout: Duration) throws {
        self.path = path
        let readers = try (0..<Limits.readingConnections).map { _ in try Reader(path: path) }
        state = Mutex(PoolState(idle: readers))
        self.queryTimeout = queryTimeout
    }

    /// Runs the body on the calling thread if a connection is idle; returns nil when none is.
    func immediately<Answer>(_ body: (Reader) throws -> Answer) throws -> Answer? {
        let borrowed = try state.withLock { state in
            if state.isClosed { throw StorageError(.closed, note: "read after close") }
            return state.lendIdle()
        }
        guard let borrowed else { return nil }
        defer { giveBack(borrowed, after: .point) }
        return try body(borrowed)
    }

    /// Runs the body on its own thread as soon as it gets a connection.
    func run<Answer: Sendable>(
        _ kind: ReadKind,
        _ body: @escaping @Sendable (Reader) throws -> Answer
    ) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            let job = PoolJob(
                kind: kind,
                run: { [self] reader in
                    continuation.resume(with: Result { try limited(kind, reader, body) })
                },
                refuse: { continuation.resume(throwing: $0) }
            )
            submit(job)
        }
    }

    private func limited<Answer>(
        _ kind: ReadKind,
        _ reader: Reader,
        _ body: (Reader) throws -> Answer
    ) throws -> Answer {
        guard kind.isQuery else { return try body(reader) }
        let deadline = Deadline(.now + queryTimeout)
        reader.budget = deadline.budget
        defer { reader.budget = nil }
        return try reader.connection.until(deadline) { try body(reader) }
    }

    private func submit(_ job: PoolJob) {
        let (refusal, next, look) = state.withLock { state in
            (state.add(job), state.next(), state.beginTimer())
        }
        if let refusal { job.refuse(refusal) }
        start(next)
        if let look { refuseLate(from: look) }
    }

    /// Refuses queries when they have waited for too long; goes on while any query waits.
    private func refuseLate(from submitted: ContinuousClock.Instant) {
        let wait = max(.zero, ContinuousClock.now.duration(to: submitted + queryTimeout))
        queue.asyncAfter(deadline: .now() + wait / .seconds(1)) { [self] in
            let (late, look) = state.withLock { state in
                (state.removeLate(patience: queryTimeout), state.oldest())
            }
            refuse(late)
            if let look { refuseLate(from: look) }
        }
    }

    private func refuse(_ late: [PoolJob]) {
        for job in late {
            job.refuse(StorageError(.overloaded, note: "a query waited for \(queryTimeout)"))
        }
    }

    private func giveBack(_ reader: Reader, after kind: ReadKind) {
        let (late, next, ended) = state.withLock { state in
            state.takeBack(reader, after: kind)
            return (state.removeLate(patience: queryTimeout), state.next(), state.end())
        }
        refuse(late)
        start(next)
        finish(ended)
    }

    private func start(_ next: (job: PoolJob, reader: Reader)?) {
        guard let (job, reader) = next else { return }
        let work: @Sendable () -> Void = { [self] in
            job.run(reader)
            giveBack(reader, after: job.kind)
        }
        if !job.kind.isPoint, OwnThread.run(work) { return }
        queue.async(execute: work)
    }

    /// Refuses new reads and lets the present ones go on.
    func refuse() { state.withLock { $0.isClosed = true } }

    /// Refuses new reads, waits for the present ones, and closes all connections.
    func close() async {
        await withCheckedContinuation { continuation in
            finish(
                state.withLock { state in
                    state.isClosed = true
                    state.waiting.append(continuation)
                    return state.end()
                }
            )
        }
    }

    private func finish(_ ended: (idle: [Reader], waiting: [CheckedContinuation<Void, Never>])?) {
        guard let ended else { return }
        for reader in ended.idle { reader.close() }
        for continuation in ended.waiting { continuation.resume() }
    }

    // MARK: Connections outside the pool

    /// Opens another connection, for work in the background; whoever has it gives it to `close(_:)`.
    func openAnother() throws -> Reader {
        try state.withLock { state in
            if state.isClosed { throw StorageError(.closed, note: "read after close") }
            state.lent += 1
        }
        do {
            return try Reader(path: path)
        } catch {
            finish(state.withLock { $0.endLending() })
            throw error
        }
    }

    func close(_ reader: Reader) {
        reader.close()
        finish(state.withLock { $0.endLending() })
    }
}

/// A read that waits for a connection.
struct PoolJob: Sendable {
    var kind: ReadKind
    var submitted = ContinuousClock.now
    var run: @Sendable (Reader) -> Void
    var refuse: @Sendable (StorageError) -> Void
}

/// The state of a pool: who has a connection and who waits for one.
struct PoolState {
    private var idle: [Reader]
    /// How many connections are in use, those outside the pool included.
    var lent = 0
    var isClosed = false
    /// Who waits for the end of all reads.
    var waiting: [CheckedContinuation<Void, Never>] = []
    private var points = Deque<PoolJob>()
    private var queries = DividedQueue<Party?, AddressBlock, PoolJob>(
        places: Limits.queryConnections,
        dividing: .anonymous
    )
    /// Whether a timer is set for the query that has waited longest.
    private var hasTimer = false

    init(idle: [Reader]) { self.idle = idle }

    /// Adds the job to those that wait; returns the reason when it is refused.
    mutating func add(_ job: PoolJob) -> StorageError? {
        if isClosed { return StorageError(.closed, note: "read after close") }
        let (party, address) = (job.kind.sharer?.party, job.kind.sharer?.address)
        let waiting = job.kind.isPoint ? points.count : queries.count(of: party, address)
        guard waiting < Limits.waitingReads || job.kind == .feed else {
            return StorageError(.overloaded, note: "\(Limits.waitingReads) reads wait")
        }
        if job.kind.isPoint {
            points.append(job)
        } else {
            queries.append(job, of: party, address)
        }
        return nil
    }

    mutating func lendIdle() -> Reader? {
        guard let reader = idle.popLast() else { return nil }
        lent += 1
        return reader
    }

    /// Counts a connection outside the pool as closed.
    mutating func endLending() -> (idle: [Reader], waiting: [CheckedContinuation<Void, Never>])? {
        lent -= 1
        return end()
    }

    /// Who waits for the end of all reads, with the connections to close; nil before that end.
    mutating func end() -> (idle: [Reader], waiting: [CheckedContinuation<Void, Never>])? {
        guard lent == 0, !waiting.isEmpty, points.isEmpty, queries.isEmpty else { return nil }
        defer { (idle, waiting) = ([], []) }
        return (idle, waiting)
    }

    mutating func takeBack(_ reader: Reader, after kind: ReadKind) {
        lent -= 1
        if !kind.isPoint { queries.giveBack(kind.sharer?.party, kind.sharer?.address) }
        idle.append(reader)
    }

    /// Removes the queries that have waited longer than `patience`.
    mutating func removeLate(patience: Duration) -> [PoolJob] {
        guard !queries.isEmpty else { return [] }
        let latest = ContinuousClock.now - patience
        return queries.removeFirst { $0.kind.isQuery && $0.submitted <= latest }
    }

    /// The submission time of the query that has waited longest; nil when a timer is set already.
    mutating func beginTimer() -> ContinuousClock.Instant? { hasTimer ? nil : oldest() }

    /// The submission time of the query that has waited longest; nil, with no timer set, when none
    /// waits.
    mutating func oldest() -> ContinuousClock.Instant? {
        let oldest =
            queries.isEmpty ? nil : queries.firsts.filter(\.kind.isQuery).map(\.submitted).min()
        hasTimer = oldest != nil
        return oldest
    }

    /// Removes a job that can begin, with its connection.
    ///
    /// Point reads are first, because they are short.
    mutating func next() -> (job: PoolJob, reader: Reader)? {
        guard !idle.isEmpty,
            let job = points.isEmpty ? queries.popNext()?.element : points.popFirst(),
            let reader = lendIdle()
        else { return nil }
        return (job, reader)
    }
}
