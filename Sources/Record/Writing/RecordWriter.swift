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
        var isClosed = false
        var condition: RecordState
    }
    let store: (any RecordStore)?
    private let signer: NoteSigner
    private let current: Mutex<State>
    private let queue = DispatchQueue(label: "balai.record")
    private let arrivals = DispatchSemaphore(value: 0)
    private let reads = DispatchQueue(label: "balai.record.reads")

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

    private func wholeStore() throws -> any RecordStore {
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
    package func close() async {
        current.withLock { $0.isClosed = true }
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume() }
        }
        store?.close()
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

    /// Keeps a witness's signatures with the newest checkpoint, if that is still the one it signed.
    ///
    /// Throws `ProofError` when they are not by the witness, `RecordError` when they cannot be kept.
    package func add(_ signatures: [NoteSignature], by witness: NoteKey, size: Int) async throws {
        try await run(on: queue) {
            let store = try self.wholeStore()
            guard var newest = store.checkpoint, newest.checkpoint.size == size else { return }
            try newest.add(signatures, by: witness)
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

// MARK: - Reading

extension RecordWriter {
    /// The bytes of a tile, `GET /record/tile/…`; nil when the newest checkpoint does not have it.
    package func bytes(of tile: Tile) async throws -> [UInt8]? {
        guard let store, let signed = store.checkpoint?.checkpoint,
            tile.width <= Tile.width(tile.content, index: tile.index, size: signed.size)
        else { return nil }
        return try await run(on: reads) {
            switch tile.content {
            case .hashes(let level):
                let hashes = try store.hashes(level: level, index: tile.index)
                guard hashes.count >= tile.width else { throw Self.cutOff }
                return TreeHash.bytes(of: hashes.prefix(tile.width))
            case .entries:
                let first = tile.index * Tile.fullWidth
                let entries = try store.entries(first..<first + tile.width)
                guard entries.count == tile.width else { throw Self.cutOff }
                return EntryBundle.bytes(of: entries)
            }
        }
    }

    private static var cutOff: RecordError { RecordError(.damaged, "the record is cut off") }

    /// The bytes of the entries with these numbers; fewer when there are not so many.
    package func entries(_ numbers: Range<Int>) async throws -> [[UInt8]] {
        guard let store else { return [] }
        return try await run(on: reads) { try store.entries(numbers) }
    }

    /// The newest entries with their numbers, the newest first, at most so many; with `before`, those with
    /// lower numbers alone.
    package func newestEntries(
        _ limit: Int,
        before: Int = .max
    ) async throws -> [(number: Int, entry: RecordEntry)] {
        guard let store else { return [] }
        return try await run(on: reads) {
            let end = max(0, min(store.size, before))
            let first = max(0, end - limit)
            return try store.entries(first..<end).enumerated().reversed().map {
                (first + $0.offset, try RecordEntry($0.element))
            }
        }
    }

    /// What entries say of a person, the newest entry first: `…/subjects/{URI}/accesses`.
    package func openings(_ query: OpeningQuery) async throws -> [KeptOpening] {
        guard let store else { return [] }
        return try await run(on: reads) { try store.openings(query) }
    }

    /// What an entry says of all its persons: for the hub itself, which made the entry.
    package func openings(of entry: Int) async throws -> [KeptOpening] {
        guard let store else { return [] }
        return try await run(on: reads) { try store.openings(of: entry) }
    }

    /// A proof that the entry is in the record, `GET /record/proofs/{leaf}`; with an opening of the entry,
    /// the file that its person can check by `balai verify`.
    ///
    /// It is for the checkpoint, without one for the newest, or a new one where that does not have the
    /// entry. Throws `RecordError.notFound` when there is no such entry.
    package func proof(
        of entry: Int,
        opening: KeptOpening? = nil,
        for published: SignedCheckpoint? = nil
    ) async throws -> TransparencyProof {
        guard let store, entry >= 0, entry < store.size else {
            throw RecordError(.notFound, "there is no entry \(entry)")
        }
        var signed = published ?? store.checkpoint
        if entry >= signed?.checkpoint.size ?? 0 { signed = try await signCheckpoint() }
        guard let signed else { throw Self.cutOff }
        do {
            return try await run(on: reads) {
                try Self.proof(of: entry, opening: opening, for: signed, from: store)
            }
        } catch let error as RecordError where error.code == .damaged {
            markDamaged(error.note)
            throw error
        }
    }

    private static func proof(
        of entry: Int,
        opening: KeptOpening?,
        for signed: SignedCheckpoint,
        from store: any RecordStore
    ) throws -> TransparencyProof {
        guard let bytes = try store.entries(entry..<entry + 1).first else { throw cutOff }
        let checkpoint = signed.checkpoint
        var tree = TiledTree(size: checkpoint.size, read: store.hashes)
        let path = try tree.inclusion(of: entry)
        let isRight = TreeProofs.includes(
            .leaf(bytes),
            at: entry,
            size: checkpoint.size,
            proof: path,
            root: checkpoint.root
        )
        guard isRight else {
            throw RecordError(.damaged, "entry \(entry) is not what was signed")
        }
        return TransparencyProof(
            index: entry,
            path: path,
            checkpoint: signed,
            entry: bytes,
            disclosure: try opening.map { try disclosure($0, from: store) }
        )
    }

    private static func disclosure(
        _ opening: KeptOpening,
        from store: any RecordStore
    ) throws -> TransparencyProof.Disclosure {
        let commitments = try store.commitments(of: opening.entry)
        guard commitments.indices.contains(opening.place) else { throw cutOff }
        return TransparencyProof.Disclosure(
            opening: opening.bytes,
            salt: opening.salt,
            place: opening.place,
            path: SmallTree(commitments).inclusion(of: opening.place)
        )
    }

    /// The body that asks a witness to sign the newest checkpoint (C2SP tlog-witness); the old size is
    /// that of the last checkpoint the witness signed.
    ///
    /// Nil when the newest checkpoint is older. A question about what the witness has signed gives it another
    /// time.
    package func question(toWitnessAt old: Int) async throws -> AddCheckpoint? {
        guard let store, let signed = store.checkpoint, 0...signed.checkpoint.size ~= old
        else { return nil }
        return try await run(on: reads) {
            var tree = TiledTree(size: signed.checkpoint.size, read: store.hashes)
            return AddCheckpoint(
                old: old,
                proof: try tree.consistency(from: old),
                checkpoint: signed
            )
        }
    }

    /// Looks at all of the record, from the oldest entry on, in portions.
    ///
    /// What it finds is the record's state from then on. What cannot be read is no damage, for a disk may be
    /// whole again: it is looked at again. `between` runs after each portion, for a hub to rest; it ends the
    /// check by throwing.
    package func checkAll(between: @Sendable () async throws -> Void = {}) async throws {
        guard let store else { return }
        let check = RecordCheck(store)
        var next = 0
        while next < check.tileCount, state == .sound {
            let tiles = next..<min(next + Self.tilesPerPortion, check.tileCount)
            do {
                let flaw = try await run(on: reads) {
                    try RecordCheck(store).entriesFlaw(inTiles: tiles)
                }
                if let flaw { markDamaged(flaw) }
                next = tiles.upperBound
            } catch let error as RecordError where error.code == .unavailable {
                // The same portion comes next.
            } catch {
                markDamaged("The record cannot be read: \(error)")
            }
            try await between()
        }
    }

    /// Tiles of 256 entries that a check looks at in one portion: some tens of milliseconds.
    package static let tilesPerPortion = 16
}
