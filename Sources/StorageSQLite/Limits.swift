/// How much a store takes on, waits and keeps; checked where each is used.
enum Limits {
    /// Requests of one party, or one address without a token, that wait for the committer; one more is
    /// refused as overloaded.
    static let waitingWrites = 4_096
    /// Requests the committer puts into one transaction.
    static let requestsPerCommit = 256
    /// A transaction that has lasted so long takes no more requests.
    static let transaction = Duration.milliseconds(25)
    /// A commit waits for more requests if so many are likely to come, at most so long, and looks
    /// at them when at least so many have come.
    static let requestsWorthWaiting = 8
    static let gathering = Duration.milliseconds(4)
    static let requestsWorthWaking = 4
    /// Queries of one party, or one address without a token, and point reads, that wait for a connection;
    /// one more is refused as overloaded.
    static let waitingReads = 4_096
    /// Connections that read, and how many of them queries may have at once; these are shared out
    /// among the parties, of which one alone has three, and of those without a token by address, of which
    /// one alone has two.
    static let readingConnections = 6
    static let queryConnections = 5
    /// Steps of SQLite between two looks at a query's deadline: some microseconds.
    static let stepsBetweenLooks: Int32 = 256
    /// How long SQLite waits for a lock another connection holds for a moment.
    static let busyMilliseconds: Int32 = 5_000
    /// Page cache of the writing connection, and of each reading one.
    static let writerCacheKibibytes = 16_384
    static let readerCacheKibibytes = 4_096
    /// The log is copied into the database each time it has grown by so many pages, and begins
    /// anew once it has this many.
    ///
    /// A copy keeps the disk busy, and commits waiting, for as long as it is large: with four times
    /// as many pages, one request in a hundred took twice as long.
    static let checkpointPages = 500
    static let logPages = 8_000
    /// Cursors merged at once; a query over more shapes than this scans in key order.
    static let mergedShapes = 64
    /// Candidates looked at on the thread that asks, and before a value index is preferred: some
    /// tenths of a millisecond.
    static let candidatesAtOnce = 256
    /// Steps of decisions made on the thread that asks: some tenths of a millisecond.
    static let stepsAtOnce = 25_000
    /// Changes of documents read on the thread that asks.
    static let changesAtOnce: Int64 = 16
    /// Bytes of entities found on the thread that asks.
    static let bytesAtOnce = 256 * 1_024
    /// Prepared statements that a connection keeps for the next who needs them.
    static let idleStatements = 64
    /// Attributes with a value index, for each tenant.
    static let indexedAttributes = 16
    /// An index that nobody has asked for so long gives its place to any other.
    static let indexIdleMicroseconds: Int64 = 600_000_000
    /// Entities that are read for a value index at once, or as many as have so many values; values
    /// put into it in one transaction.
    static let indexedPerPortion = 50_000
    static let entriesPerPortion = 100_000
    static let entriesPerStep = 2_500
    /// Keys taken from a value index; a condition that leaves more scans instead.
    static let keysFromIndex = 50_000
    /// Series that wait to be sealed; one more is left to its next reader.
    static let seriesToSeal = 256
    /// History rows sealed in one transaction, and as many more as a segment has.
    static let sealedPerStep = 4_096
    /// A series with more instances of one moment, or bytes of them, is not sealed from there on, for
    /// whoever changes a segment opens all of it.
    static let sealedAtMoment = 1_024
    static let sealedBytesAtMoment = 8 << 20
    /// A segment of so many bytes takes no more instances, but of the same moment.
    static let sealedBytes = 1 << 20
    /// Names, shapes and forms that may be out of use before the vocabulary is swept, and the pause
    /// between two sweeps: so long, or so many times as long as the last one took.
    static let unusedBeforeSweep = 256
    static let sweepPause = Duration.seconds(30)
    static let sweepPauses = 20
    /// A sweep rests so many times as long as a portion took.
    static let sweepRests = 3
    /// Entities or shapes that a sweep looks at in one snapshot, series, rows or bytes of segments of
    /// histories, and what it removes in one transaction.
    static let scannedPerPortion = 500
    static let scannedSeries = 2_000
    static let scannedRows = 4_000
    static let scannedBytes = 1 << 20
    static let sweptPerStep = 250
    /// So many forms may be out of use without anybody looking through all of history for them.
    static let unseenForms = 1_000
    /// Instances, or bytes of them, that retention looks at in one transaction, and how often it looks for
    /// the next series or entity.
    static let retainedPerStep = 5_000
    static let retainedBytes = 4 << 20
    /// Instances, or bytes of them, that the removal of a history removes in one transaction; segments
    /// that it takes apart there, where a part of them is hidden.
    static let removedPerStep = 5_000
    static let removedBytes = 4 << 20
    static let openedPerStep = 16
    /// An entity with more values of an attribute has one entry in its value index: it may have any.
    static let indexedValues = 1_000
    /// Text longer than this is not put into a value index; the evaluator decides.
    static let indexedTextBytes = 256
}

/// When history is sealed, and in what portions; `Sealing.swift` says what that is.
package struct SealingLimits: Sendable {
    /// Instances of one segment, unless more are of one moment.
    var segment = 256
    /// Instances that are left of a segment and still are one; fewer are rows again.
    var smallestSegment = 32
    /// The newest rows of a series, which are not sealed.
    var newestRows = 64
    /// Rows of one series that a reader meets before the series is sealed.
    var rowsMet = 512

    package init() {}

    package init(segment: Int, smallestSegment: Int, newestRows: Int, rowsMet: Int) {
        self.segment = segment
        self.smallestSegment = smallestSegment
        self.newestRows = newestRows
        self.rowsMet = rowsMet
    }
}
