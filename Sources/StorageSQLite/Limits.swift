/// The limits of a store; each is checked where it is used.
enum Limits {
    /// Waiting writes of one party, or of one address without a token; one more is refused as
    /// overloaded.
    static let waitingWrites = 4_096
    /// Requests in one transaction of the committer.
    static let requestsPerCommit = 256
    /// A transaction that has lasted this long takes no more requests.
    static let transaction = Duration.milliseconds(25)
    /// A commit waits for more requests if at least `requestsWorthWaiting` are expected, and is
    /// woken when `requestsWorthWaking` have come.
    static let requestsWorthWaiting = 8
    static let gathering = Duration.milliseconds(4)
    static let requestsWorthWaking = 4
    /// Waiting queries of one party, or of one address without a token, and waiting point reads;
    /// one more is refused as overloaded.
    static let waitingReads = 4_096
    /// The connections that read, and how many of them queries may use at once.
    ///
    /// Queries share them out among parties, of which one may have three, and among addresses
    /// without a token, of which one may have two.
    static let readingConnections = 6
    static let queryConnections = 5
    /// Steps of SQLite between two checks of a query's deadline: some microseconds.
    static let stepsBetweenLooks: Int32 = 256
    /// Openings of the record that go into its index of persons together: some megabytes of memory.
    static let openingsInRun = 32_768
    /// How long SQLite waits for a short lock of another connection.
    static let busyMilliseconds: Int32 = 5_000
    /// The page caches of the writing connection and of each reading connection.
    static let writerCacheKibibytes = 16_384
    static let readerCacheKibibytes = 4_096
    /// The log is copied into the database after each growth by this many pages, and starts again
    /// at the length below.
    ///
    /// A copy keeps the disk busy and commits waiting in proportion to its size: with four times
    /// as many pages, one request in a hundred took twice as long.
    static let checkpointPages = 500
    static let logPages = 8_000
    /// How often the log is tried to be emptied after an erasure, how long each time waits for readers, and
    /// the pause before the next one: longer together than a query may take.
    static let emptyings = 150
    static let emptyingMilliseconds = 50
    static let emptyingPause = Duration.milliseconds(50)
    /// Cursors merged at once; a query over more shapes reads all entities in the order of keys.
    static let mergedShapes = 64
    /// Candidates that are looked at on the calling thread, and before a value index is used: some
    /// tenths of a millisecond.
    static let candidatesAtOnce = 256
    /// Steps of decisions on the calling thread: some tenths of a millisecond.
    static let stepsAtOnce = 25_000
    /// Changes of documents that are read on the calling thread.
    static let changesAtOnce: Int64 = 16
    /// Bytes of entities that are found on the calling thread.
    static let bytesAtOnce = 256 * 1_024
    /// Prepared statements that a connection keeps for reuse.
    static let idleStatements = 64
    /// Attributes with a value index, for each tenant.
    static let indexedAttributes = 16
    /// An index that has not been used for this long gives its place to any other.
    static let indexIdleMicroseconds: Int64 = 600_000_000
    /// Entities read at once for a value index (fewer if they have more values than this), and
    /// values added to it in one transaction.
    static let indexedPerPortion = 50_000
    static let entriesPerPortion = 100_000
    static let entriesPerStep = 2_500
    /// Keys taken from a value index; a condition that leaves more reads all candidates instead.
    static let keysFromIndex = 50_000
    /// Series that wait to be sealed; another one is left to its next reader.
    static let seriesToSeal = 256
    /// Rows of history sealed in one transaction, beyond one segment.
    static let sealedPerStep = 4_096
    /// A series is not sealed from a moment with more instances, or bytes of them, on.
    ///
    /// A change in a segment has to open all of it.
    static let sealedAtMoment = 1_024
    static let sealedBytesAtMoment = 8 << 20
    /// A segment of this many bytes takes instances of the same moment alone.
    static let sealedBytes = 1 << 20
    /// Names, shapes and forms that may be unused before the vocabulary is swept, and the pause
    /// between two sweeps: a minimum, and a multiple of the duration of the last one.
    static let unusedBeforeSweep = 256
    static let sweepPause = Duration.seconds(30)
    static let sweepPauses = 20
    /// After each portion, a sweep pauses for this multiple of the portion's duration.
    static let sweepRests = 3
    /// What a sweep looks at in one snapshot (entities, shapes, series, rows, bytes of segments)
    /// and what it removes in one transaction.
    static let scannedPerPortion = 500
    static let scannedSeries = 2_000
    static let scannedRows = 4_000
    static let scannedBytes = 1 << 20
    static let sweptPerStep = 250
    /// The unused forms that are tolerated before all of history is read to find them.
    static let unseenForms = 1_000
    /// Instances, bytes and lookups of series or entities in one transaction of retention.
    static let retainedPerStep = 5_000
    static let retainedBytes = 4 << 20
    /// Instances, or bytes of them, that one transaction removes from a history, and segments that
    /// it opens because a part of them is hidden.
    static let removedPerStep = 5_000
    static let removedBytes = 4 << 20
    static let openedPerStep = 16
    /// An entity with more values of an attribute has one entry for "any value" in its value
    /// index.
    static let indexedValues = 1_000
    /// The longest text in a value index; the evaluator decides longer ones.
    static let indexedTextBytes = 256
}

/// When history is sealed, and in what portions; see `Sealing.swift`.
package struct SealingLimits: Sendable {
    /// Instances of one segment; more only when they are of one moment.
    var segment = 256
    /// A segment with fewer remaining instances becomes rows again.
    var smallestSegment = 32
    /// The newest rows of a series, which are not sealed.
    var newestRows = 64
    /// A series is sealed after a reader has met this many of its rows.
    var rowsMet = 512

    package init() {}

    package init(segment: Int, smallestSegment: Int, newestRows: Int, rowsMet: Int) {
        self.segment = segment
        self.smallestSegment = smallestSegment
        self.newestRows = newestRows
        self.rowsMet = rowsMet
    }
}
