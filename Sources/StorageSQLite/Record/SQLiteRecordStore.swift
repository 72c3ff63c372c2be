package import Record
internal import Storage
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// A record in `record.sqlite`, with its newest checkpoint in `record.checkpoint` beside it.
///
/// The checkpoint is a file of its own, so that it is missed, or tells, when the database is an older
/// one or none. A third file, `record.damage`, is there where a run found that the record is damaged.
package final class SQLiteRecordStore: RecordStore {
    private struct Shown {
        var size: Int
        var checkpoint: SignedCheckpoint?
    }
    private let shown: Mutex<Shown>
    /// Borrowed by one thread at a time; nil once the store is closed.
    private let reader: Mutex<RecordReader?>
    private let writer: SQLiteRecordFile
    private let waiting: WaitingOpenings
    private let pace = CommitPace()
    private let gatheringSince = Mutex(ContinuousClock.now)
    private let checkpointPath: String
    private let damage: DurableFile

    /// Opens the record of a folder, and makes it if there is none.
    ///
    /// Blocks for as long as it takes to look at the newest entries. What cannot be opened, or is not what
    /// was signed, is told by the answer; nothing is thrown. `openingsInRun` go into the index of persons
    /// together.
    package static func open(
        folder: String,
        key: NoteKey,
        openingsInRun: Int = Limits.openingsInRun
    ) -> RecordOpening {
        do {
            let store = try SQLiteRecordStore(folder: folder, openingsInRun)
            if let note = try store.keptDamage() {
                return RecordOpening(store: store, state: .damaged(note))
            }
            return RecordOpening(store: store, state: RecordCheck(store).atOpening(key: key))
        } catch {
            return RecordOpening(store: nil, state: .damaged("The record cannot be read: \(error)"))
        }
    }

    private init(folder: String, _ openingsInRun: Int) throws {
        waiting = WaitingOpenings(inRun: openingsInRun)
        let path = "\(folder)/record.sqlite"
        checkpointPath = "\(folder)/record.checkpoint"
        damage = DurableFile(path: "\(folder)/\(SQLiteStore.recordDamage)")
        let checkpoint = try CheckpointFile(path: checkpointPath).read()
        // SQLite would make a new database, and remove the log of one that is gone.
        guard checkpoint == nil || access(path, F_OK) == 0 else {
            throw StorageError(.damaged, note: "\(path) is missing, and \(checkpointPath) is there")
        }
        try RecordSchema.migrate(path: path)
        writer = try SQLiteRecordFile(path: path, waiting: waiting)
        reader = Mutex(try RecordReader(path: path))
        shown = Mutex(Shown(size: writer.size, checkpoint: checkpoint))
    }

    package var size: Int { shown.withLock(\.size) }
    package var checkpoint: SignedCheckpoint? { shown.withLock(\.checkpoint) }

    package func patience(
        gathered: Int,
        isFirst: Bool
    ) -> (entries: Int, duration: Duration)? {
        let elapsed = gatheringSince.withLock { start in
            if isFirst { start = .now }
            return start.duration(to: .now)
        }
        return pace.wait(gathered: gathered, elapsed: elapsed).map { ($0.requests, $0.duration) }
    }

    package func append(_ entries: [PreparedEntry], leaving waiting: Int) throws -> Int {
        let (first, start) = (size, ContinuousClock.now)
        try asRecordErrors { try writer.append(entries) }
        shown.withLock { $0.size = writer.size }
        pace.committed(entries.count, leaving: waiting, took: start.duration(to: .now))
        return first
    }

    package func removeReads(
        of subject: String,
        tenant: String?,
        atMost count: Int
    ) throws -> Int {
        try asRecordErrors {
            try writer.removeReads(of: subject, tenant: tenant ?? "", atMost: count)
        }
    }

    package func keep(_ checkpoint: SignedCheckpoint) throws {
        try asRecordErrors { try CheckpointFile(path: checkpointPath).write(checkpoint) }
        shown.withLock { $0.checkpoint = checkpoint }
    }

    package func keep(damage note: String) throws {
        try asRecordErrors { try damage.write(Array(note.utf8)) }
    }

    /// What an earlier run found that the start would not; nil where none did.
    private func keptDamage() throws -> String? {
        guard let bytes = try damage.read(atMost: Self.maximumNoteBytes) else { return nil }
        let note = String(decoding: bytes, as: UTF8.self)
        return "An earlier run found it, and keeps that in \(damage.path): \(note)"
    }

    /// Bytes that are told of a note.
    private static let maximumNoteBytes = 4_096

    package func hashes(level: Int, index: Int) throws -> [TreeHash] {
        try read { try $0.hashes(level: level, index: index) }
    }

    package func entries(_ numbers: Range<Int>) throws -> [[UInt8]] {
        try read { try $0.entries(numbers) }
    }

    package func commitments(of entry: Int) throws -> [TreeHash] {
        try read { try $0.commitments(of: entry) }
    }

    package func openings(_ query: OpeningQuery) throws -> [KeptOpening] {
        try read { try $0.openings(query, waiting) }
    }

    package func openings(of entry: Int) throws -> [KeptOpening] {
        try read { try $0.openings(of: entry) }
    }

    private func read<Answer>(_ body: (RecordReader) throws -> Answer) throws -> Answer {
        try asRecordErrors {
            try reader.withLock { reader in
                guard let reader else { throw StorageError(.closed, note: "the record is closed") }
                return try body(reader)
            }
        }
    }

    private func asRecordErrors<Answer>(_ body: () throws -> Answer) throws -> Answer {
        do {
            return try body()
        } catch let error as StorageError {
            throw RecordError(error.code == .damaged ? .damaged : .unavailable, error.note)
        }
    }

    package func close() {
        reader.withLock { $0 = nil }
        writer.close()
    }
}
