internal import Dispatch
internal import Governance
internal import Storage
internal import Synchronization

/// A request to write that waits for the committer: its body, and how to tell its caller.
private struct WaitingWrite: Sendable {
    /// Whose request it is; nil for the hub's own.
    let sharer: Sharer?
    /// Runs the body and keeps its answer.
    let run: @Sendable (Writer) throws -> Void
    /// Answers the caller: nil when it is on disk.
    let finish: @Sendable ((any Error)?) -> Void
}

/// The one thread that writes a tenant's file: it takes all requests waiting, runs them in one
/// transaction, commits once, then answers them all.
///
/// The parties take turns, and those without a token take theirs by address, so that nobody waits for
/// more than one request of each other; and a transaction takes no more requests once it has lasted for
/// a while.
final class Committer: Sendable {
    private struct State {
        /// All there are may be taken at once: the parties share the turns, and no places.
        var waiting = DividedQueue<Party?, AddressBlock, WaitingWrite>(
            places: .max,
            dividing: .anonymous
        )
        var count = 0
        /// How many must wait for the gathering committer to be woken.
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

        /// The next of whoever is to have a turn.
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

    /// The sharer is the one whose request it is; nil for the hub's own.
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

    /// How many requests wait.
    var waitingCount: Int { state.withLock(\.count) }

    /// Whether the request of anybody else waits.
    func othersWait(than sharer: Sharer?) -> Bool {
        state.withLock { $0.count > $0.count(of: sharer) }
    }

    /// Why the last transaction that wrote did not reach the disk; nil when it did.
    var failure: (any Error)? { state.withLock(\.failure) }

    // MARK: On the queue

    private func drain() {
        while hasMore() { commit() }
    }

    /// Whether a request waits; if none does, the committer comes to rest.
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
            // What is in the log without having reached the disk is written anew by the next
            // transaction, for it begins where the last one ended.
            writer.abandon()
            state.withLock { $0.failure = error }
            // A transaction that could not begin has taken nobody yet.
            if batch.isEmpty {
                while batch.count < Limits.requestsPerCommit, let write = takeNext() {
                    batch.add(write)
                }
            }
            batch.fail(error)
        }
        batch.answer()
        if checkpointer.mustCatchUp(logPages: writer.logPages) {
            checkpointer.caughtUp(writer.checkpoint())
        }
    }

    /// Runs the requests that wait, and those that the pace lets come.
    private func gather(into batch: CommitBatch) throws {
        let start = ContinuousClock.now
        while true {
            var elapsed = start.duration(to: .now)
            // Those that come meanwhile are left to the pace: while one half of the callers waits for
            // the disk, the other half keeps the processors busy.
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

    /// Waits until so many requests wait; whether any does in the end.
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
            // The signal came between the end of the wait and now: it must not wake the next one.
            if result == .timedOut, isSignalled { arrivals.wait() }
        }
        return state.withLock { !$0.waiting.isEmpty }
    }

    /// Refuses new requests and waits for those accepted.
    func close() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                state.isClosed = true
                if state.isRunning { state.closing = continuation }
                return !state.isRunning
            }
            if isIdle { continuation.resume() }
        }
        checkpointer.close()
        queue.sync { writer.close() }
    }
}

/// Carries an answer from the running of a body to the end of its commit, both on the committer's
/// thread.
private final class AnswerBox<Answer: Sendable>: @unchecked Sendable {
    var answer: Answer?
}

/// The requests of one transaction, used on the committer's thread alone.
private final class CommitBatch {
    private var writes: [WaitingWrite] = []
    /// Why each failed that failed alone.
    var failures: [(any Error)?] = []

    var count: Int { writes.count }
    var isEmpty: Bool { writes.isEmpty }

    /// Adds a request that is about to run; its index.
    @discardableResult
    func add(_ write: WaitingWrite) -> Int {
        writes.append(write)
        failures.append(nil)
        return writes.count - 1
    }

    /// All fail that have not failed alone: the transaction is gone.
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
