internal import ContextModel
internal import Governance
internal import Storage

/// The writing side of a tenant's file.
///
/// `@unchecked Sendable`: the committer's thread alone uses it.
///
/// What is cached from one write to the next belongs to its parts, one for each subject. What a
/// transaction can do is in its extensions.
final class Writer: @unchecked Sendable {
    let connection: Connection
    let transaction: WriteTransaction
    let vocabulary: VocabularyWriter
    let rows: EntityRows
    let indexes: IndexWriter
    let history: HistoryStatements
    let segments: SegmentWriter
    let detached: DetachedHistories
    let past: PastStatements
    /// The times of changes of histories that are later than the last change of their entities.
    let latestChanges = LatestChanges()
    let feed: FeedWriter
    let outbox: OutboxStatements
    private let log = LogLength()

    init(
        path: String,
        maximumPages: Int?,
        sealing: SealingLimits,
        now: Timestamp
    ) throws {
        connection = try Connection(path: path, access: .readWrite)
        try connection.execute(
            """
            PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
            PRAGMA cache_size = -\(Limits.writerCacheKibibytes);
            PRAGMA journal_size_limit = \(Limits.logPages * Schema.pageBytes)
            """
        )
        connection.watchLog(log)
        if let maximumPages {
            try connection.execute("PRAGMA max_page_count = \(maximumPages)")
        }
        transaction = try WriteTransaction(connection)
        vocabulary = try VocabularyWriter(connection, transaction)
        rows = try EntityRows(connection)
        indexes = try IndexWriter(connection, transaction, vocabulary, now: now)
        history = try HistoryStatements(connection)
        segments = try SegmentWriter(
            connection,
            transaction,
            vocabulary,
            history,
            limits: sealing
        )
        detached = try DetachedHistories(connection, transaction)
        past = try PastStatements(connection)
        feed = FeedWriter(connection)
        outbox = try OutboxStatements(connection)
    }

    func begin() throws { try transaction.begin() }

    func commit() throws {
        try vocabulary.commit { try transaction.commit() }
        transaction.runCommitActions()
    }

    /// Runs the body of one request.
    ///
    /// Returns the error of a request that failed alone, and throws when the whole transaction was
    /// undone.
    func request(of sharer: Sharer?, _ body: () throws -> Void) throws -> (any Error)? {
        transaction.beginRequest(of: sharer)
        rows.clearCache()
        vocabulary.beginRequest()
        do {
            try body()
            try transaction.endRequest()
            return nil
        } catch {
            transaction.forgetRequestActions()
            guard connection.isInTransaction else { throw error }
            if transaction.requestWrites {
                try transaction.undoRequest()
                vocabulary.undoRequest()
                try forgetUncommitted()
            }
            return error
        }
    }

    /// Rolls the transaction back, if SQLite has not done so already.
    func abandon() {
        transaction.abandon()
        vocabulary.abandon()
        // If the list of indexes cannot be read again, the next write that needs one fails.
        try? forgetUncommitted()
    }

    private func forgetUncommitted() throws {
        rows.clearCache()
        segments.clearCache()
        try indexes.readAgain()
        try detached.readAgain()
    }

    /// Writes without changing anything, to test whether it reaches the disk.
    func touch() throws {
        try transaction.willWrite()
        try connection.execute("PRAGMA user_version = \(Schema.version)")
    }

    var logPages: Int { log.pages }

    /// Copies the log into the database, so that SQLite can start it again.
    func checkpoint() -> Int? { connection.checkpoint() }

    func close() {
        // Copies the log into the database, so that the file alone is complete.
        try? connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
    }
}
