internal import ContextModel
internal import Governance
internal import Storage
internal import Synchronization

/// The writing side of a tenant's file, used by the committer's thread alone.
///
/// A transaction holds many requests; each that writes does so inside a savepoint of its own, made
/// at its first write, so that one that fails is undone alone and its body runs only once.
final class Writer: @unchecked Sendable {
    let connection: Connection
    let statements: WriterStatements
    let index: IndexStatements
    let history: HistoryStatements
    let segments: SegmentStatements
    let past: PastStatements
    let sealing: SealingLimits
    /// What readers see of names and shapes; always at least what is committed.
    let shared: Mutex<Vocabulary>
    var vocabulary: Vocabulary
    /// What the transaction has done to the vocabulary.
    var vocabularyLog = VocabularyLog()
    /// The sweep of the vocabulary under way, which is told of what is used meanwhile.
    weak var sweep: VocabularySweep?
    /// An upper bound of the names, shapes and forms that went out of use since the last sweep began.
    var possiblyUnused: Int
    /// Whether it was said that a sweep is due.
    var isSweepDue = false
    /// Told when a sweep is due.
    var whenSweepIsDue: @Sendable () -> Void = {}
    /// Numbers of histories that were taken from their entities and are being removed.
    var removedHistories: Set<Int64> = []
    /// Told when a history was taken from its entity.
    var whenHistoryIsRemoved: @Sendable () -> Void = {}
    /// Attributes that have, or are getting, a value index.
    var indexed: Set<Int64> = []
    /// Who asked for them; readers note it.
    let indexPlaces: Mutex<IndexPlaces>
    /// Those who fill value indexes at this moment.
    var fillings: [WeakFilling] = []
    /// The row looked at last: a request mostly looks at one entity before it writes it.
    var recent: StoredEntity?
    private var recentlyShaped: (entity: Entity, shape: Int64)?
    /// Numbers of the forms met since the last sweep, found without writing a form's body.
    private var formNumbers: [HistoryForm: Int64] = [:]
    /// Whether any history of the tenant may be sealed.
    var haveSegments: Bool
    /// The segment looked into last: what is imported twice comes in order.
    var recentSegment: (number: Int64, instances: [HistorySegment.Instance])?
    /// What the committer has learned about commits.
    var pace = CommitPace()
    private let log = LogLength()
    /// The entities that the grant of the request covers.
    var covered = Condition.everything
    /// Changes of histories alone that are later than the last one of their entities.
    var latestChanges = LatestChanges()
    /// The number that the change feed gave last, also to a change that was undone.
    var lastChange: Int64 = 0
    /// What is to happen once the transaction is on disk.
    var commitActions: [@Sendable () -> Void] = []
    private var hasWritten = false
    /// Whose requests the transaction has run, or is running: the last of them, and whether there are more.
    private var lastServed: Sharer?
    private(set) var servesSeveral = false
    private var servesAny = false
    /// Whether the transaction has anything to bring to the disk.
    private(set) var transactionWrites = false

    init(
        path: String,
        maximumPages: Int?,
        sealing: SealingLimits,
        now: Timestamp
    ) throws {
        indexPlaces = Mutex(IndexPlaces(start: now))
        self.sealing = sealing
        connection = try Connection(path: path, access: .readWrite)
        try connection.execute(
            """
            PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            PRAGMA cache_size = -\(Limits.writerCacheKibibytes);
            PRAGMA journal_size_limit = \(Limits.logPages * Schema.pageBytes)
            """
        )
        connection.watchLog(log)
        if let maximumPages {
            try connection.execute("PRAGMA max_page_count = \(maximumPages)")
        }
        statements = try WriterStatements(connection)
        index = try IndexStatements(connection)
        history = try HistoryStatements(connection)
        segments = try SegmentStatements(connection)
        past = try PastStatements(connection)
        haveSegments = try connection.number("SELECT EXISTS (SELECT 1 FROM segment)") != 0
        vocabulary = try Vocabulary(connection)
        shared = Mutex(vocabulary)
        // What came out of use before the start is not known.
        possiblyUnused = vocabulary.names.count + vocabulary.shapes.count + vocabulary.forms.count
        try readIndexedAttributes()
        try readRemovedHistories()
    }

    func readIndexedAttributes() throws {
        let rows = try connection.prepare("SELECT name FROM indexed_attribute WHERE complete >= 0")
        indexed = []
        while try rows.step() { indexed.insert(rows.int(0)) }
    }

    // MARK: Transactions

    func begin() throws {
        transactionWrites = false
        servesAny = false
        servesSeveral = false
        try statements.begin.run()
    }

    func commit() throws {
        let log = vocabularyLog
        if !log.isEmpty { shared.withLock { log.showAdditions(in: &$0) } }
        try statements.commit.run()
        if !log.isEmpty {
            shared.withLock { log.showRemovals(of: vocabulary, in: &$0) }
            vocabularyLog = VocabularyLog()
        }
        if possiblyUnused >= Limits.unusedBeforeSweep, !isSweepDue {
            isSweepDue = true
            whenSweepIsDue()
        }
        for action in commitActions { action() }
        commitActions.removeAll(keepingCapacity: true)
    }

    /// Runs one request's body; returns why it failed if it failed alone, and throws when the whole
    /// transaction is gone.
    func request(of sharer: Sharer?, _ body: () throws -> Void) throws -> (any Error)? {
        hasWritten = false
        if servesAny, sharer != lastServed { servesSeveral = true }
        (servesAny, lastServed) = (true, sharer)
        recent = nil
        covered = .everything
        vocabularyLog.beginRequest()
        let earlierActions = commitActions.count
        do {
            try body()
            if hasWritten { try statements.release.run() }
            return nil
        } catch {
            commitActions.removeLast(commitActions.count - earlierActions)
            guard connection.isInTransaction else { throw error }
            if hasWritten { try undoRequest() }
            return error
        }
    }

    private func undoRequest() throws {
        try connection.execute("ROLLBACK TO request; RELEASE request")
        vocabularyLog.undoRequest(in: &vocabulary)
        try forgetUncommitted()
    }

    /// Rolls the transaction back, if SQLite has not done so already.
    func abandon() {
        commitActions = []
        if connection.isInTransaction { try? connection.execute("ROLLBACK") }
        shared.withLock { vocabularyLog.undo(in: &vocabulary, shown: &$0) }
        // Where the list of indexes cannot be read again, the next write that needs one fails on
        // its own.
        try? forgetUncommitted()
    }

    private func forgetUncommitted() throws {
        recent = nil
        recentSegment = nil
        forgetNumbers()
        try readIndexedAttributes()
        try readRemovedHistories()
    }

    /// Forgets numbers that were kept to find them faster.
    func forgetNumbers() {
        recentlyShaped = nil
        formNumbers = [:]
    }

    /// Writes something that changes nothing, to see whether it reaches the disk.
    func touch() throws {
        try willWrite()
        try connection.execute("PRAGMA user_version = \(Schema.version)")
    }

    var logPages: Int { log.pages }

    /// Copies the log into the database, so that it can begin anew.
    func checkpoint() -> Int? { connection.checkpoint() }

    /// Called before each write.
    func willWrite() throws {
        guard !hasWritten else { return }
        try statements.savepoint.run()
        hasWritten = true
        transactionWrites = true
    }

    func close() {
        // Copies the log into the database, so that the file alone is the whole of it.
        try? connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    }

    // MARK: Names and shapes

    func number(of name: String) throws -> Int64 {
        if let known = vocabulary.numbers[name] {
            sweep?.use(name: known)
            return known
        }
        try willWrite()
        try statements.insertName.bind(1, vocabularyLog.takenNames[name]).bind(2, name).run()
        let number = noteAddition(.name(name))
        sweep?.use(name: number)
        return number
    }

    /// The number under which the row was added, which is the entry's from now on.
    private func noteAddition(_ entry: Vocabulary.Entry) -> Int64 {
        let number = connection.lastRowID
        vocabulary.add(entry, number: number)
        vocabularyLog.noteAddition(entry, number: number)
        return number
    }

    func shape(of entity: Entity) throws -> Int64 {
        // Entities written one after the other are mostly alike, which is seen faster than found.
        if let last = recentlyShaped, entity.isShaped(like: last.entity) { return last.shape }
        let shape = try findShape(of: entity)
        recentlyShaped = (entity, shape)
        return shape
    }

    private func findShape(of entity: Entity) throws -> Int64 {
        let types = try entity.types.map { try number(of: $0.text) }.sorted()
        let members = try entity.attributes.map { attribute in
            Shape.Member(
                name: try number(of: attribute.name.text),
                kinds: attribute.kinds
            )
        }
        return try number(
            of: Shape(
                types: types,
                members: members.sorted { $0.name < $1.name },
                hasScopes: !entity.scopes.isEmpty
            )
        )
    }

    private func number(of shape: Shape) throws -> Int64 {
        if let known = vocabulary.shapeNumbers[shape] { return known }
        try willWrite()
        try statements.insertShape.bind(1, vocabularyLog.takenShapes[shape])
            .bind(2, shape.content).run()
        return noteAddition(.shape(shape))
    }

    func form(_ form: HistoryForm) throws -> Int64 {
        let number = try formNumbers[form] ?? number(ofForm: Body.bytes(form.attribute))
        formNumbers[form] = number
        sweep?.use(form: number)
        return number
    }

    private func number(ofForm body: [UInt8]) throws -> Int64 {
        if let known = vocabulary.formNumbers[body] { return known }
        try willWrite()
        let attribute = try Body.attribute(body)
        // Nobody counts how many rows have a form: one more, and another one may have none left.
        possiblyUnused += 1
        try statements.insertForm.bind(1, vocabularyLog.takenForms[body]).bind(2, body).run()
        return noteAddition(.form(body, attribute))
    }
}

extension Entity {
    /// Whether both have one shape for sure.
    func isShaped(like other: Entity) -> Bool {
        types == other.types && scopes.isEmpty == other.scopes.isEmpty
            && attributes.count == other.attributes.count
            && zip(attributes, other.attributes).allSatisfy {
                $0.name == $1.name && $0.kinds == $1.kinds
            }
    }
}

extension NamedAttribute {
    /// A bit for each kind among the instances.
    fileprivate var kinds: UInt8 { instances.reduce(0) { $0 | 1 << $1.kind.rawValue } }
}

/// A row of the entity table.
struct StoredEntity {
    var id: EntityID
    var key: Int64
    /// Negative when only history is left.
    var shape: Int64
    /// The entity's number in the history table.
    var history: Int64
    /// The current state; of a row that has history only, what is known without attributes.
    var entity: Entity
    /// How many bytes the entity takes in its row.
    var bytes: Int

    var isCurrent: Bool { shape > 0 }
}

/// The statements nearly every request needs.
struct WriterStatements {
    let begin, commit, savepoint, release: Statement
    let insertName, insertShape, insertForm: Statement
    let byID, insert, updateBody, update, delete: Statement
    let enqueue, dequeue, claimingTerm: Statement

    init(_ connection: Connection) throws {
        begin = try connection.prepare("BEGIN IMMEDIATE")
        commit = try connection.prepare("COMMIT")
        savepoint = try connection.prepare("SAVEPOINT request")
        release = try connection.prepare("RELEASE request")
        // Without a number, SQLite gives the one after the greatest.
        insertName = try connection.prepare("INSERT INTO name (number, text) VALUES (?1, ?2)")
        insertShape = try connection.prepare("INSERT INTO shape (number, content) VALUES (?1, ?2)")
        insertForm = try connection.prepare("INSERT INTO form (number, body) VALUES (?1, ?2)")
        byID = try connection.prepare(
            "SELECT key, shape, history, body FROM entity WHERE id = ?1"
        )
        insert = try connection.prepare(
            """
            INSERT INTO entity (key, id, shape, history, expires, body)
            VALUES (?6, ?1, ?2, ?3, ?4, ?5)
            """
        )
        // Naming only the body leaves the indexes alone.
        updateBody = try connection.prepare("UPDATE entity SET body = ?2 WHERE key = ?1")
        update = try connection.prepare(
            "UPDATE entity SET shape = ?2, expires = ?3, body = ?4 WHERE key = ?1"
        )
        delete = try connection.prepare("DELETE FROM entity WHERE key = ?1")
        enqueue = try connection.prepare(
            "INSERT INTO outbox (subscription, enqueued, term, body) VALUES (?1, ?2, ?3, ?4)"
        )
        dequeue = try connection.prepare("DELETE FROM outbox WHERE sequence = ?1 AND term = ?2")
        claimingTerm = try connection.prepare(
            """
            SELECT term FROM outbox_lease WHERE NOT EXISTS
                (SELECT 1 FROM outbox INDEXED BY outbox_unclaimed WHERE term = 0)
            """
        )
    }
}
