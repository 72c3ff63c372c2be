internal import Dispatch
internal import Governance
internal import Storage
internal import Synchronization

/// A write that waits for the committer, with its body and the way to answer its caller.
private struct WaitingWrite: Sendable {
    /// The sharer whose request it is; nil for the hub's own.
    let sharer: Sharer?
    /// Runs the body and keeps its result.
    let run: @Sendable (Writer) throws -> Void
    /// Answers the caller: with nil after the commit, or with the error.
    let finish: @Sendable ((any Error)?) -> Void
}

/// The one thread that writes a tenant's file.
///
/// It takes all waiting requests, runs them in one transaction, commits once and then answers them
/// all.
///
/// Parties take turns, and so do addresses without a token, so that nobody waits for more than one
/// request of each other party. A transaction takes no more requests once it has lasted for
/// `Limits.transaction`.
final class Committer: Sendable {
    private struct State {
        /// The number of places equals that of the queue: parties share turns, not places.
        var waiting = DividedQueue<Party?, AddressBlock, WaitingWrite>(
            places: .max,
            dividing: .anonymous
        )
        var count = 0
        /// The number of waiting requests that wakes the committer while it gathers.
        var wanted: Int?
        var isRunning = false
        var isClosed = false
        var closing: CheckedContinuation<Void, Never>?
        var failure: (any Error)?

        mutating func append(_ write: WaitingWrite) {
            waiting.append(write, of: write.sharer?.party, write.sharer?.address)
            count += 1
        }

        func count(of sharer: Sharer?) -> Int {
            waiting.count(of: sharer?.party, sharer?.address)
        }

        /// Removes the next request, of the party whose turn it is.
        mutating func takeNext() -> WaitingWrite? {
            guard let (write, party, address) = waiting.popNext() else { return nil }
            waiting.giveBack(party, address)
            count -= 1
            return write
        }
    }
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "balai.commits")
    private let arrivals = DispatchSemaphore(value: 0)
    /// Used on `queue` alone.
    private let writer: Writer
    private let checkpointer: Checkpointer
    private let pace = CommitPace()

    init(writer: Writer, checkpointer: Checkpointer) {
        self.writer = writer
        self.checkpointer = checkpointer
    }

    /// `sharer` is whose request it is; nil for the hub's own.
    func run<Answer: Sendable>(
        for sharer: Sharer? = nil,
        _ body: @escaping @Sendable (Writer) throws -> Answer
    ) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            let box = AnswerBox<Answer>()
            let write = WaitingWrite(
                sharer: sharer,
                run: { box.answer = try body($0) },
                finish: { error in
                    if let error {
                        continuation.resume(throwing: error)
                    } else if let answer = box.answer {
                        continuation.resume(returning: answer)
                    }
                }
            )
            if let refusal = submit(write) { continuation.resume(throwing: refusal) }
        }
    }

    private enum Submission { case refused(StorageError), starts, wakes, waits }

    private func submit(_ write: WaitingWrite) -> StorageError? {
        let submission = state.withLock { state -> Submission in
            if state.isClosed { return .refused(StorageError(.closed, note: "write after close")) }
            guard state.count(of: write.sharer) < Limits.waitingWrites else {
                let note = "\(Limits.waitingWrites) writes of one party wait for the disk"
                return .refused(StorageError(.overloaded, note: note))
            }
            state.append(write)
            if let wanted = state.wanted, state.count >= wanted {
                state.wanted = nil
                return .wakes
            }
            defer { state.isRunning = true }
            return state.isRunning ? .waits : .starts
        }
        switch submission {
        case .refused(let refusal): return refusal
        case .starts: queue.async { self.drain() }
        case .wakes: arrivals.signal()
        case .waits: break
        }
        return nil
    }

    /// The number of requests that wait.
    var waitingCount: Int { state.withLock(\.count) }

    /// Whether a request of another sharer waits.
    func othersWait(than sharer: Sharer?) -> Bool {
        state.withLock { $0.count > $0.count(of: sharer) }
    }

    /// The error because of which the last transaction did not reach the disk; nil when it did.
    var failure: (any Error)? { state.withLock(\.failure) }

    // MARK: On the queue

    private func drain() {
        while hasMore() { commit() }
    }

    /// Whether a request waits; if not, the committer becomes idle.
    private func hasMore() -> Bool {
        let (hasMore, closing) = state.withLock {
            state -> (Bool, CheckedContinuation<Void, Never>?) in
            guard state.waiting.isEmpty else { return (true, nil) }
            state.isRunning = false
            defer { state.closing = nil }
            return (false, state.closing)
        }
        closing?.resume()
        return hasMore
    }

    private func commit() {
        let batch = CommitBatch()
        do {
            try writer.begin()
            try gather(into: batch)
            let start = ContinuousClock.now
            try writer.commit()
            let left = state.withLock { state in
                if writer.transaction.writes { state.failure = nil }
                return state.count
            }
            pace.committed(batch.count, leaving: left, took: start.duration(to: .now))
        } catch {
            // Pages of the log that did not reach the disk are written again by the next
            // transaction, which begins where the last committed one ended.
            writer.abandon()
            state.withLock { $0.failure = error }
            // A transaction that could not begin has taken no request yet.
            if batch.isEmpty {
                while batch.count < Limits.requestsPerCommit, let write = takeNext() {
                    batch.add(write)
                }
            }
            batch.fail(error)
        }
        batch.answer()
        if checkpointer.mustCopyRest(logPages: writer.logPages) {
            checkpointer.noteCopied(writer.checkpoint())
        }
    }

    /// Runs the requests that wait, and those that arrive while the pace waits.
    private func gather(into batch: CommitBatch) throws {
        let start = ContinuousClock.now
        while true {
            var elapsed = start.duration(to: .now)
            // Requests that arrive meanwhile are left to the pace: while half of the callers wait
            // for the disk, the other half keep the processors busy.
            let waiting = state.withLock(\.count)
            let end = min(batch.count + waiting, Limits.requestsPerCommit)
            while batch.count < end, elapsed < Limits.transaction, let write = takeNext() {
                let index = batch.add(write)
                batch.failures[index] = try writer.request(of: write.sharer) {
                    try write.run(writer)
                }
                elapsed = start.duration(to: .now)
            }
            guard let wait = pace.wait(gathered: batch.count, elapsed: elapsed) else { return }
            if !arrive(wait.requests, within: wait.duration) { return }
        }
    }

    private func takeNext() -> WaitingWrite? { state.withLock { $0.takeNext() } }

    /// Waits until `count` requests wait or the time is over; returns whether any request waits.
    private func arrive(_ count: Int, within duration: Duration) -> Bool {
        let mustWait = state.withLock { state in
            guard state.count < count, !state.isClosed else { return false }
            state.wanted = count
            return true
        }
        if mustWait {
            let result = arrivals.wait(timeout: .now() + duration.dispatchInterval)
            let isSignalled = state.withLock { state in
                defer { state.wanted = nil }
                return state.wanted == nil
            }
            // The signal came between the end of the wait and now: it must not end the next wait.
            if result == .timedOut, isSignalled { arrivals.wait() }
        }
        return state.withLock { !$0.waiting.isEmpty }
    }

    /// Copies all of the log into the database and cuts it to nothing; false where that was not possible.
    func emptyLog() async -> Bool { await checkpointer.emptyLog() }

    /// Refuses new requests and waits for those accepted before.
    func finish() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                state.isClosed = true
                if state.isRunning { state.closing = continuation }
                return !state.isRunning
            }
            if isIdle { continuation.resume() }
        }
    }

    /// Copies the log into the database and closes the file, once all has finished.
    func close() {
        checkpointer.close()
        queue.sync { writer.close() }
    }
}

/// Carries the result of a body to the end of its commit.
///
/// `@unchecked Sendable`: it is used on the committer's thread alone.
private final class AnswerBox<Answer: Sendable>: @unchecked Sendable {
    var answer: Answer?
}

/// The requests of one transaction, used on the committer's thread alone.
private final class CommitBatch {
    private var writes: [WaitingWrite] = []
    /// The error of each request that failed alone.
    var failures: [(any Error)?] = []

    var count: Int { writes.count }
    var isEmpty: Bool { writes.isEmpty }

    /// Adds a request that is about to run; returns its index.
    @discardableResult
    func add(_ write: WaitingWrite) -> Int {
        writes.append(write)
        failures.append(nil)
        return writes.count - 1
    }

    /// Fails all requests that have not failed alone: the transaction was undone.
    func fail(_ error: any Error) {
        for index in failures.indices where failures[index] == nil { failures[index] = error }
    }

    func answer() {
        for (write, failure) in zip(writes, failures) { write.finish(failure) }
    }
}

extension Duration {
    fileprivate var dispatchInterval: DispatchTimeInterval {
        .nanoseconds(
            Int(components.seconds) * 1_000_000_000 + Int(components.attoseconds / 1_000_000_000)
        )
    }
}
