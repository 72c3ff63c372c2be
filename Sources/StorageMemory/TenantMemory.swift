internal import Dispatch
internal import Governance
internal import Storage
internal import Synchronization

/// The data of one tenant, and its turn to write: requests change it one after the other.
final class TenantMemory: Sendable {
    private let committed = Mutex(TenantState())
    /// Begins a write, one after the other.
    private let beginWriting: SharedMemory.Beginning
    /// Begins a read that may block, which Swift's own threads must not.
    let beginReading: SharedMemory.Beginning
    private let waiting = Atomic(0)
    private let isRemoved = Atomic(false)

    init(_ begin: SharedMemory.Beginning?) {
        let queue = DispatchQueue(label: "balai.memory")
        beginWriting = begin ?? { work in queue.async { work() } }
        beginReading = begin ?? { work in DispatchQueue.global().async { work() } }
    }

    /// What is committed at this moment.
    func state() throws(StorageError) -> TenantState {
        guard !isRemoved.load(ordering: .acquiring) else {
            throw StorageError(.closed, note: "the data was removed")
        }
        return committed.withLock { $0 }
    }

    /// Runs the body in its turn; what it throws undoes what it did.
    func transact<Answer: Sendable>(
        granted: WriteGrant? = nil,
        _ body: @escaping @Sendable (MemoryTransaction) throws -> Answer
    ) async throws -> Answer {
        defer { waiting.subtract(1, ordering: .relaxed) }
        guard waiting.add(1, ordering: .relaxed).newValue <= Limits.waitingWrites else {
            throw StorageError(.overloaded, note: "\(Limits.waitingWrites) writes wait")
        }
        return try await withCheckedThrowingContinuation { continuation in
            beginWriting {
                continuation.resume(
                    with: Result {
                        let transaction = MemoryTransaction(try self.state(), granted: granted)
                        let answer = try body(transaction)
                        self.committed.withLock { $0 = transaction.state }
                        for action in transaction.commitActions { action() }
                        return answer
                    }
                )
            }
        }
    }

    /// Whether somebody waits for the request that runs.
    var othersWait: Bool { waiting.load(ordering: .relaxed) > 1 }

    /// Waits until those are over who write now.
    func settle() async {
        await withCheckedContinuation { continuation in
            beginWriting { continuation.resume() }
        }
    }

    /// Drops the data: who still has a store of it finds that closed.
    func remove() {
        isRemoved.store(true, ordering: .releasing)
        committed.withLock { $0 = TenantState() }
    }
}

/// How much a store in memory takes on.
enum Limits {
    /// Requests to write that wait for one tenant; one more is refused as overloaded.
    static let waitingWrites = 4_096
}
