internal import Dispatch
internal import Storage
internal import Synchronization

/// A connection that reads, with the statements every point read needs; one thread borrows it at a
/// time.
final class Reader: @unchecked Sendable {
    let connection: Connection
    let byID: Statement
    private let begin, anything, end: Statement

    init(path: String) throws {
        connection = try Connection(path: path, access: .readOnly)
        try connection.execute(
            "PRAGMA query_only = 1; PRAGMA cache_size = -\(Limits.readerCacheKibibytes)"
        )
        begin = try connection.prepare("BEGIN")
        anything = try connection.prepare("SELECT 1 FROM name LIMIT 1")
        end = try connection.prepare("COMMIT")
        byID = try connection.prepare("SELECT shape, expires, body FROM entity WHERE id = ?1")
    }

    /// Runs the body on one state of the database.
    ///
    /// The state is fixed before the body begins: names and shapes that the body then takes from
    /// memory are at least those that the rows it meets can use.
    func snapshot<Answer>(_ body: () throws -> Answer) throws -> Answer {
        try begin.run()
        do {
            try anything.run()
            let answer = try body()
            try end.run()
            return answer
        } catch {
            try connection.execute("ROLLBACK")
            throw error
        }
    }
}

/// The reading connections of a tenant.
///
/// A point read borrows one on the calling thread, for it is over in microseconds; a query runs on
/// a thread of its own, so that it blocks no task.
final class ConnectionPool: Sendable {
    private struct State {
        var idle: [Reader]
        var waiting: [@Sendable (Reader) -> Void] = []
        var isClosed = false
    }
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "balai.reads", attributes: .concurrent)

    init(path: String) throws {
        let readers = try (0..<Limits.readingConnections).map { _ in try Reader(path: path) }
        state = Mutex(State(idle: readers))
    }

    /// Runs the body here and now if a connection is idle; nil when none is.
    func immediately<Answer>(_ body: (Reader) throws -> Answer) throws -> Answer? {
        let borrowed = try state.withLock { state in
            if state.isClosed { throw StorageError(.closed, note: "read after close") }
            return state.idle.popLast()
        }
        guard let borrowed else { return nil }
        defer { giveBack(borrowed) }
        return try body(borrowed)
    }

    /// Runs the body on a thread of its own as soon as a connection is idle.
    func run<Answer: Sendable>(
        _ body: @escaping @Sendable (Reader) throws -> Answer
    ) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            submit(
                { reader in continuation.resume(with: Result { try body(reader) }) },
                refuse: { continuation.resume(throwing: $0) }
            )
        }
    }

    private func submit(
        _ job: @escaping @Sendable (Reader) -> Void,
        refuse: (StorageError) -> Void
    ) {
        let (reader, refusal) = state.withLock { state -> (Reader?, StorageError?) in
            if state.isClosed { return (nil, StorageError(.closed, note: "read after close")) }
            if let reader = state.idle.popLast() { return (reader, nil) }
            guard state.waiting.count < Limits.waitingReads else {
                return (nil, StorageError(.overloaded, note: "\(Limits.waitingReads) reads wait"))
            }
            state.waiting.append(job)
            return (nil, nil)
        }
        if let refusal { return refuse(refusal) }
        guard let reader else { return }
        queue.async {
            job(reader)
            self.giveBack(reader)
        }
    }

    private func giveBack(_ reader: Reader) {
        let next = state.withLock { state -> (@Sendable (Reader) -> Void)? in
            if state.waiting.isEmpty {
                if !state.isClosed { state.idle.append(reader) }
                return nil
            }
            return state.waiting.removeFirst()
        }
        guard let next else { return }
        queue.async {
            next(reader)
            self.giveBack(reader)
        }
    }

    /// Lets queries at work finish; refuses new ones.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.idle = []
        }
    }
}
