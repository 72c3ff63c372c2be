/// Where the entries of a record are kept, with their hashes and openings.
///
/// All methods block. What changes the record is called by one thread at a time, `RecordWriter`'s; the
/// rest by any. Methods throw `RecordError`.
package protocol RecordStore: Sendable {
    /// How many entries are durable.
    var size: Int { get }
    /// The newest checkpoint that was kept; nil before the first.
    var checkpoint: SignedCheckpoint? { get }

    /// How many more entries are worth waiting for before so many are added, and how much longer; nil to add
    /// them at once.
    ///
    /// The time counts from the call for which `isFirst` is true, one for each `append`.
    func patience(gathered: Int, isFirst: Bool) -> (entries: Int, duration: Duration)?
    /// Adds entries, with their openings, all or none; the number of the first.
    ///
    /// When it returns they are on disk. When it throws none is in the record, and a later call may
    /// succeed. So many more entries wait meanwhile.
    func append(_ entries: [PreparedEntry], leaving waiting: Int) throws -> Int
    /// Removes what entries of reads say of a person, at most so many openings in one transaction; how many
    /// it was.
    func removeReads(of subject: String, tenant: String?, atMost count: Int) throws -> Int
    /// Keeps the checkpoint in place of the one before, on disk when it returns.
    func keep(_ checkpoint: SignedCheckpoint) throws
    /// Keeps what shows that the record is damaged, on disk when it returns: whoever opens the record later
    /// finds it damaged. By any thread, once in a run.
    func keep(damage note: String) throws

    /// The hashes of a tile, as many as there are by now; none when there is no such tile.
    func hashes(level: Int, index: Int) throws -> [TreeHash]
    /// The bytes of the entries with these numbers; fewer when there are not so many.
    func entries(_ numbers: Range<Int>) throws -> [[UInt8]]
    /// The commitments of an entry; none when it has no openings.
    func commitments(of entry: Int) throws -> [TreeHash]
    /// What entries say of a person, the newest entry first, of those before a number.
    func openings(_ query: OpeningQuery) throws -> [KeptOpening]
    /// What an entry says of all its persons, without those who had it removed.
    func openings(of entry: Int) throws -> [KeptOpening]

    /// Closes the files, once; afterwards nothing may be changed, and what is read is refused.
    func close()
}

/// Which openings are looked for.
package struct OpeningQuery: Sendable, Hashable {
    /// The person.
    package var subject: String
    /// The tenant that had the data; nil for the default one.
    package var tenant: String?
    /// The numbers of the entries.
    package var entries: Range<Int>
    /// How many openings at most.
    package var limit: Int

    package init(
        of subject: String,
        tenant: String?,
        in entries: Range<Int> = 0..<Int.max,
        limit: Int
    ) {
        self.subject = subject
        self.tenant = tenant
        self.entries = entries
        self.limit = limit
    }
}

/// An opening as it is kept.
package struct KeptOpening: Sendable, Hashable {
    /// The number of the entry.
    package var entry: Int
    /// The place of its commitment among those of the entry.
    package var place: Int
    package var salt: Salt
    /// The opening's bytes, which `Opening` reads.
    package var bytes: [UInt8]

    package init(entry: Int, place: Int, salt: Salt, bytes: [UInt8]) {
        self.entry = entry
        self.place = place
        self.salt = salt
        self.bytes = bytes
    }
}

/// Whether the record is what was signed.
package enum RecordState: Sendable, Hashable {
    case sound
    /// It was cut, edited or rolled back, or cannot be opened: how that is known, for the operator.
    case damaged(String)
}

/// A record as it was found when it was opened.
package struct RecordOpening: Sendable {
    /// Nil when there is nothing that could be read.
    package var store: (any RecordStore)?
    package var state: RecordState

    package init(store: (any RecordStore)?, state: RecordState) {
        self.store = store
        self.state = state
    }
}
