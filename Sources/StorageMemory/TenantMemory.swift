internal import Dispatch
internal import Governance
internal import Storage
internal import Synchronization

/// The data of one tenant; writes run one after the other.
final class TenantMemory: Sendable {
    private let committed = Mutex(TenantState())
    /// Starts a write; writes run one after the other.
    private let beginWriting: SharedMemory.Beginning
    /// Starts a read that may block, which must not happen on the threads of Swift's tasks.
    let beginReading: SharedMemory.Beginning
    private let waiting = Atomic(0)
    private let isRemoved = Atomic(false)

    init(_ begin: SharedMemory.Beginning?) {
        let queue = DispatchQueue(label: "balai.memory")
        beginWriting = begin ?? { work in queue.async { work() } }
        beginReading = begin ?? { work in DispatchQueue.global().async { work() } }
    }

    /// The state after the last committed write.
    func state() throws(StorageError) -> TenantState {
        guard !isRemoved.load(ordering: .acquiring) else {
            throw StorageError(.closed, note: "the data was removed")
        }
        return committed.withLock { $0 }
    }

    /// Runs the body as a transaction; an error of the body undoes it.
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

    /// Whether another request waits for the present one.
    var othersWait: Bool { waiting.load(ordering: .relaxed) > 1 }

    /// Waits until the accepted writes have ended.
    func settle() async {
        await withCheckedContinuation { continuation in
            beginWriting { continuation.resume() }
        }
    }

    /// Removes the data: stores that use it throw `closed`.
    func remove() {
        isRemoved.store(true, ordering: .releasing)
        committed.withLock { $0 = TenantState() }
    }
}

/// The limits of a store in memory.
enum Limits {
    /// Writes that wait for one tenant; one more is refused as overloaded.
    static let waitingWrites = 4_096
}
