internal import Dispatch
internal import Synchronization

/// The record of a hub: adds entries, signs checkpoints, gives proofs.
///
/// Entries of many callers are written in one transaction, by a thread of its own. A record that was
/// found damaged takes no more entries; what can be read of it still can.
package final class RecordWriter: Sendable {
    /// Entries that wait to be written, and their openings; what is more is refused as overloaded.
    package static let waitingEntries = 16_384
    package static let waitingOpenings = 200_000
    /// Entries of one transaction, and openings after which it takes no more entries.
    package static let entriesPerTransaction = 1_024
    package static let openingsPerTransaction = 10_000

    private struct Waiting {
        let entry: PreparedEntry
        let continuation: CheckedContinuation<Int, any Error>
    }
    private struct State {
        var waiting: [Waiting] = []
        /// Openings of those that wait.
        var openings = 0
        /// The number of waiting entries that wakes the thread while it waits for more.
        var wanted: Int?
        var isRunning = false
        /// Whether entries are refused, as the record is closed or about to be.
        var isClosed = false
        /// Whether the store is closed; changed on the queue.
        var hasEnded = false
        var condition: RecordState
    }
    let store: (any RecordStore)?
    private let signer: NoteSigner
    private let current: Mutex<State>
    private let queue = DispatchQueue(label: "balai.record")
    private let arrivals = DispatchSemaphore(value: 0)
    /// Where what others ask of the record is read.
    let reads = DispatchQueue(label: "balai.record.reads")
    /// What proofs have made.
    let subtrees = SubtreeHashes()

    /// Goes on with a record as it was found; the signer is its own key.
    package init(_ opening: RecordOpening, signer: NoteSigner) {
        store = opening.store
        self.signer = signer
        current = Mutex(State(condition: opening.state))
    }

    /// Whether entries can be added: a hub answers nothing about personal data while they cannot.
    package var state: RecordState { current.withLock(\.condition) }

    /// How many entries are durable: what is decided now is decided on these.
    package var size: Int { store?.size ?? 0 }

    /// The key that checks the record's signatures.
    package var key: NoteKey { signer.key }

    // MARK: Adding and removing

    /// Adds an entry, and returns its number when it is on disk.
    ///
    /// Throws `RecordError`; the entry is not in the record then, but for one whose writing was cut off by
    /// the end of the process.
    package func append(_ draft: RecordDraft) async throws -> Int {
        // The hashing is done by the thread that asks.
        var chance = SystemRandomNumberGenerator()
        let entry = try PreparedEntry(draft, using: &chance)
        return try await withCheckedThrowingContinuation { continuation in
            let waiting = Waiting(entry: entry, continuation: continuation)
            if let refusal = submit(waiting) { continuation.resume(throwing: refusal) }
        }
    }

    private enum Submission { case refused(RecordError), starts, wakes, waits }

    private func submit(_ entry: Waiting) -> RecordError? {
        switch current.withLock({ Self.add(entry, to: &$0) }) {
        case .refused(let refusal): return refusal
        case .starts: queue.async { self.drain() }
        case .wakes: arrivals.signal()
        case .waits: break
        }
        return nil
    }

    private static func add(_ entry: Waiting, to state: inout State) -> Submission {
        if state.isClosed { return .refused(closed) }
        if case .damaged(let note) = state.condition {
            return .refused(RecordError(.damaged, note))
        }
        let openings = state.openings + entry.entry.openings.count
        guard state.waiting.count < waitingEntries, openings <= waitingOpenings else {
            let note = "\(state.waiting.count) entries wait to be written"
            return .refused(RecordError(.overloaded, note))
        }
        state.waiting.append(entry)
        state.openings = openings
        if let wanted = state.wanted, state.waiting.count >= wanted {
            state.wanted = nil
            return .wakes
        }
        defer { state.isRunning = true }
        return state.isRunning ? .waits : .starts
    }

    /// Removes what entries of reads say of a person, for one who wants it erased; how many openings it was.
    ///
    /// The entries stay, and their commitments, which nobody can open any more. What the person chose stays,
    /// too: it is in force. Throws `RecordError`.
    @discardableResult
    package func removeReads(of subject: String, tenant: String?) async throws -> Int {
        var removed = 0
        while true {
            let count = try await run(on: queue) {
                try self.wholeStore().removeReads(
                    of: subject,
                    tenant: tenant,
                    atMost: Self.openingsPerTransaction
                )
            }
            removed += count
            if count < Self.openingsPerTransaction { return removed }
        }
    }

    private static var closed: RecordError { RecordError(.closed, "the record is closed") }

    /// How many entries wait to be written.
    package var waitingCount: Int { current.withLock(\.waiting.count) }

    /// Writes what waits until nothing does, on the queue.
    private func drain() {
        while true {
            waitForMore()
            guard let (batch, left) = takeBatch() else { return }
            do {
                let store = try wholeStore()
                // An empty record is signed, too: one that disappears is then missed.
                if store.checkpoint == nil { _ = try sign() }
                let first = try store.append(batch.map(\.entry), leaving: left)
                for (place, waiting) in batch.enumerated() {
                    waiting.continuation.resume(returning: first + place)
                }
            } catch {
                if let error = error as? RecordError, error.code == .damaged {
                    markDamaged(error.note)
                }
                for waiting in batch { waiting.continuation.resume(throwing: error) }
            }
        }
    }

    /// Waits for entries that are likely to come, so that one transaction has them all.
    private func waitForMore() {
        var isFirst = true
        while true {
            let count = waitingCount
            guard let store, count > 0,
                let wait = store.patience(gathered: count, isFirst: isFirst),
                arrive(count + wait.entries, within: wait.duration)
            else { return }
            isFirst = false
        }
    }

    /// Waits until `count` entries wait or the time is over; returns whether they do.
    private func arrive(_ count: Int, within duration: Duration) -> Bool {
        let mustWait = current.withLock { state in
            guard state.waiting.count < count, !state.isClosed else { return false }
            state.wanted = count
            return true
        }
        guard mustWait else { return waitingCount >= count }
        let nanoseconds = Int(duration / .nanoseconds(1))
        let result = arrivals.wait(timeout: .now() + .nanoseconds(nanoseconds))
        let isSignalled = current.withLock { state in
            defer { state.wanted = nil }
            return state.wanted == nil
        }
        // The signal came between the end of the wait and now: it must not end the next wait.
        if result == .timedOut, isSignalled { arrivals.wait() }
        return isSignalled
    }

    /// The entries of the next transaction, and how many wait for a later one; nil when none waits, and the
    /// queue comes to rest.
    private func takeBatch() -> (batch: [Waiting], left: Int)? {
        current.withLock { state in
            var (count, openings) = (0, 0)
            for waiting in state.waiting.prefix(Self.entriesPerTransaction) {
                if openings >= Self.openingsPerTransaction { break }
                openings += waiting.entry.openings.count
                count += 1
            }
            guard count > 0 else {
                state.isRunning = false
                return nil
            }
            defer { state.waiting.removeFirst(count) }
            state.openings -= openings
            return (Array(state.waiting.prefix(count)), state.waiting.count - count)
        }
    }

    /// On the queue.
    private func wholeStore() throws -> any RecordStore {
        guard !current.withLock(\.hasEnded) else { throw Self.closed }
        if case .damaged(let note) = state { throw RecordError(.damaged, note) }
        guard let store else { throw RecordError(.damaged, "the record could not be opened") }
        return store
    }

    /// What the record is from now on, where it was found out that it is not what was signed.
    ///
    /// It is so after a restart, too: not everything that shows it is looked at by a start.
    func markDamaged(_ note: String) {
        let isNew = current.withLock { state in
            guard state.condition == .sound else { return false }
            state.condition = .damaged(note)
            return true
        }
        guard isNew else { return }
        do { try store?.keep(damage: note) } catch {
            let whole = "\(note) A restart will forget this: \(error)"
            current.withLock { $0.condition = .damaged(whole) }
        }
    }

    /// Writes what waits, and refuses what comes after.
    ///
    /// To close the record again does nothing.
    package func close() async {
        current.withLock { $0.isClosed = true }
        await withCheckedContinuation { continuation in
            queue.async {
                let isFirst = self.current.withLock { state in
                    defer { state.hasEnded = true }
                    return !state.hasEnded
                }
                if isFirst { self.store?.close() }
                continuation.resume()
            }
        }
    }
}

// MARK: - Checkpoints

extension RecordWriter {
    /// The newest checkpoint, as `GET /record/checkpoint` shows it; nil before the first.
    package var checkpoint: SignedCheckpoint? { store?.checkpoint }

    /// A checkpoint of all entries there are: the newest, or a new one where there are new entries.
    ///
    /// Throws `RecordError`.
    @discardableResult
    package func signCheckpoint() async throws -> SignedCheckpoint {
        try await run(on: queue) { try self.sign() }
    }

    /// On the queue.
    private func sign() throws -> SignedCheckpoint {
        let store = try wholeStore()
        let size = store.size
        if let newest = store.checkpoint, newest.checkpoint.size == size { return newest }
        var tree = TiledTree(size: size, read: store.hashes)
        let checkpoint = Checkpoint(origin: signer.key.name, size: size, root: try tree.root())
        let signed = try SignedCheckpoint(checkpoint, by: signer)
        try store.keep(signed)
        return signed
    }

    /// Keeps signatures of witnesses with the newest checkpoint, if that is still the one they signed.
    ///
    /// Throws `ProofError` when one is not by its witness, `RecordError` when they cannot be kept.
    package func add(
        _ signatures: [(witness: NoteKey, signatures: [NoteSignature])],
        size: Int
    ) async throws {
        guard !signatures.isEmpty else { return }
        try await run(on: queue) {
            let store = try self.wholeStore()
            guard var newest = store.checkpoint, newest.checkpoint.size == size else { return }
            for one in signatures { try newest.add(one.signatures, by: one.witness) }
            try store.keep(newest)
        }
    }

    func run<Answer: Sendable>(
        on queue: DispatchQueue,
        _ body: @escaping @Sendable () throws -> Answer
    ) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result(catching: body)) }
        }
    }
}
