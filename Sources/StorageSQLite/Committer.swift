internal import Dispatch
internal import Storage
internal import Synchronization

/// A request to write that waits for the committer: its body, and how to tell its caller.
private struct WaitingWrite: Sendable {
    /// Runs the body and keeps its answer.
    let run: @Sendable (Writer) throws -> Void
    /// Answers the caller: nil when it is on disk.
    let finish: @Sendable ((any Error)?) -> Void
}

/// The one thread that writes a tenant's file: it takes all requests waiting, runs them in one
/// transaction, commits once, then answers them all.
final class Committer: Sendable {
    private struct State {
        var waiting: [WaitingWrite] = []
        var isRunning = false
        var isClosed = false
        var closing: CheckedContinuation<Void, Never>?
    }
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "balai.commits")
    /// Used on `queue` alone.
    private let writer: Writer

    init(writer: Writer) { self.writer = writer }

    func run<Answer: Sendable>(
        _ body: @escaping @Sendable (Writer) throws -> Answer
    ) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            let box = AnswerBox<Answer>()
            let write = WaitingWrite(
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

    private func submit(_ write: WaitingWrite) -> StorageError? {
        let (refusal, mustStart) = state.withLock { state -> (StorageError?, Bool) in
            if state.isClosed { return (StorageError(.closed, note: "write after close"), false) }
            guard state.waiting.count < Limits.waitingWrites else {
                let note = "\(Limits.waitingWrites) writes wait for the disk"
                return (StorageError(.overloaded, note: note), false)
            }
            state.waiting.append(write)
            defer { state.isRunning = true }
            return (nil, !state.isRunning)
        }
        if mustStart { queue.async { self.drain() } }
        return refusal
    }

    private func drain() {
        while let batch = nextBatch() { commit(batch) }
    }

    private func nextBatch() -> [WaitingWrite]? {
        let (batch, closing) = state.withLock {
            state -> ([WaitingWrite]?, CheckedContinuation<Void, Never>?) in
            if state.waiting.isEmpty {
                state.isRunning = false
                defer { state.closing = nil }
                return (nil, state.closing)
            }
            if state.waiting.count <= Limits.requestsPerCommit {
                defer { state.waiting.removeAll(keepingCapacity: true) }
                return (state.waiting, nil)
            }
            let batch = Array(state.waiting.prefix(Limits.requestsPerCommit))
            state.waiting.removeFirst(batch.count)
            return (batch, nil)
        }
        closing?.resume()
        return batch
    }

    private func commit(_ batch: [WaitingWrite]) {
        var failures = [(any Error)?](repeating: nil, count: batch.count)
        do {
            try writer.begin()
            for (index, write) in batch.enumerated() {
                failures[index] = try writer.request { try write.run(writer) }
            }
            try writer.commit()
        } catch {
            writer.abandon()
            for index in batch.indices where failures[index] == nil { failures[index] = error }
        }
        for (index, write) in batch.enumerated() { write.finish(failures[index]) }
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
        queue.sync { writer.close() }
    }
}

/// Carries an answer from the running of a body to the end of its commit, both on the committer's
/// thread.
private final class AnswerBox<Answer: Sendable>: @unchecked Sendable {
    var answer: Answer?
}
