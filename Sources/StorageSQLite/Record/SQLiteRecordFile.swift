internal import Record
internal import Storage

/// The writing side of `record.sqlite`, used by the thread of its `RecordWriter` alone.
final class SQLiteRecordFile: @unchecked Sendable {
    private let connection: Connection
    private let log = LogLength()
    private let checkpointer: Checkpointer
    private let begin, commit, entry, tile, commitments, opening, removal: Statement
    /// The right edge of the tree as it is on disk.
    private var edge: TileEdge

    init(path: String) throws {
        connection = try Connection(path: path, access: .readWrite)
        try connection.execute(
            """
            PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
            PRAGMA cache_size = -\(Limits.writerCacheKibibytes);
            PRAGMA journal_size_limit = \(Limits.logPages * Schema.pageBytes)
            """
        )
        connection.watchLog(log)
        checkpointer = try Checkpointer(path: path)
        begin = try connection.prepare("BEGIN IMMEDIATE")
        commit = try connection.prepare("COMMIT")
        entry = try connection.prepare("INSERT INTO entry (number, body) VALUES (?1, ?2)")
        tile = try connection.prepare("INSERT OR REPLACE INTO tile (key, hashes) VALUES (?1, ?2)")
        commitments = try connection.prepare(
            "INSERT INTO commitments (entry, hashes) VALUES (?1, ?2)"
        )
        opening = try connection.prepare(
            "INSERT INTO opening (key, subject, tenant, salt, body) VALUES (?1, ?2, ?3, ?4, ?5)"
        )
        removal = try connection.prepare(
            """
            DELETE FROM opening WHERE key IN (
                SELECT opening.key FROM opening JOIN entry
                    ON entry.number = opening.key >> \(RecordKeys.placeBits)
                WHERE subject = ?1 AND tenant = ?2
                    AND substr(entry.body, 1, \(EntryKind.read.beginning.count)) = ?4 LIMIT ?3)
            """
        )
        edge = try Self.edge(connection, path: path)
    }

    /// Entries that are on disk.
    var size: Int { edge.size }

    private static func edge(_ connection: Connection, path: String) throws -> TileEdge {
        let size = Int(try connection.number("SELECT coalesce(max(number) + 1, 0) FROM entry"))
        let reader = try RecordReader(connection)
        let levels = try (0..<TileEdge.levelCount(size: size)).map { level in
            let (index, width) = (size >> (Tile.height * level))
                .quotientAndRemainder(dividingBy: Tile.fullWidth)
            let hashes = width == 0 ? [] : try reader.hashes(level: level, index: index)
            guard hashes.count == width else { throw cutOff(path) }
            return hashes
        }
        guard let edge = TileEdge(size: size, levels: levels) else { throw cutOff(path) }
        return edge
    }

    private static func cutOff(_ path: String) -> StorageError {
        StorageError(.damaged, note: "the hashes in \(path) are not of as many entries as it has")
    }

    /// Adds entries in one transaction; all or none.
    func append(_ entries: [PreparedEntry]) throws {
        edge = try transaction {
            var grown = edge
            for prepared in entries { try add(prepared, to: &grown) }
            // A tile of a higher level grows when one below is full. The last one of leaves is not kept before
            // it is full, for its hashes are those of its entries.
            for (level, hashes) in grown.levels.enumerated().dropFirst() where !hashes.isEmpty {
                let shift = Tile.height * level
                guard grown.size >> shift != edge.size >> shift else { continue }
                try put(hashes, level: level, index: grown.size >> (shift + Tile.height))
            }
            return grown
        }
    }

    /// Removes what entries of reads say of a person; how many openings it was.
    func removeReads(of subject: String, tenant: String, atMost count: Int) throws -> Int {
        try transaction {
            try removal.bind(1, subject).bind(2, tenant).bind(3, Int64(count))
                .bind(4, EntryKind.read.beginning).run()
            return connection.changes
        }
    }

    /// Runs the body in a transaction, which is on disk when this returns and undone when it throws.
    private func transaction<Answer>(_ body: () throws -> Answer) throws -> Answer {
        let answer: Answer
        do {
            try begin.run()
            answer = try body()
            try commit.run()
        } catch {
            // What is in the log without having reached the disk is written anew by the next
            // transaction, for it begins where the last one ended.
            if connection.isInTransaction { try? connection.execute("ROLLBACK") }
            throw error
        }
        if checkpointer.mustCopyRest(logPages: log.pages) {
            checkpointer.noteCopied(connection.checkpoint())
        }
        return answer
    }

    private func add(_ prepared: PreparedEntry, to edge: inout TileEdge) throws {
        let number = edge.size
        try entry.bind(1, Int64(number)).bind(2, prepared.bytes).run()
        var full: [(level: Int, index: Int, hashes: [TreeHash])] = []
        edge.append(prepared.hash) { full.append(($0, $1, $2)) }
        for tile in full { try put(tile.hashes, level: tile.level, index: tile.index) }
        // A single commitment is the root that the entry has.
        if prepared.commitments.count > 1 {
            try commitments.bind(1, Int64(number))
                .bind(2, TreeHash.bytes(of: prepared.commitments)).run()
        }
        for (place, salted) in prepared.openings.enumerated() {
            try opening.bind(1, RecordKeys.opening(entry: number, place: place))
                .bind(2, salted.opening.subject).bind(3, salted.opening.tenant ?? "")
                .bind(4, salted.salt.bytes).bind(5, salted.bytes)
                .run()
        }
    }

    private func put(_ hashes: [TreeHash], level: Int, index: Int) throws {
        try tile.bind(1, RecordKeys.tile(level: level, index: index))
            .bind(2, TreeHash.bytes(of: hashes)).run()
    }

    func close() {
        checkpointer.close()
        // Copies the log into the database, so that the file alone is the whole of it.
        try? connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    }
}

/// Reads `record.sqlite`, for one thread at a time.
///
/// Never changes what it reads; a Mutex of the store keeps its statements to one thread.
final class RecordReader: @unchecked Sendable {
    private let tile, entry, commitments, opening, openingsOfEntry: Statement

    convenience init(path: String) throws {
        let connection = try Connection(path: path, access: .readOnly)
        try connection.execute(
            "PRAGMA query_only = 1; PRAGMA cache_size = -\(Limits.readerCacheKibibytes)"
        )
        try self.init(connection)
    }

    init(_ connection: Connection) throws {
        tile = try connection.prepare("SELECT hashes FROM tile WHERE key = ?1")
        entry = try connection.prepare(
            "SELECT body FROM entry WHERE number >= ?1 AND number < ?2 ORDER BY number"
        )
        commitments = try connection.prepare("SELECT hashes FROM commitments WHERE entry = ?1")
        opening = try connection.prepare(
            """
            SELECT key, salt, body FROM opening
            WHERE subject = ?1 AND tenant = ?2 AND key >= ?3 AND key < ?4
            ORDER BY key DESC LIMIT ?5
            """
        )
        openingsOfEntry = try connection.prepare(
            "SELECT key, salt, body FROM opening WHERE key >= ?1 AND key < ?2 ORDER BY key"
        )
    }

    /// The hashes of a tile; those of the last entries, which fill none, are made of the entries.
    func hashes(level: Int, index: Int) throws -> [TreeHash] {
        let key = RecordKeys.tile(level: level, index: index)
        if let hashes = try hashes(tile, of: key) { return hashes }
        guard level == 0 else { return [] }
        let first = index * Tile.fullWidth
        let entries = try entries(first..<first + Tile.fullWidth)
        guard entries.count == Tile.fullWidth else { return entries.map(TreeHash.leaf) }
        // It was filled between the two statements.
        return try hashes(tile, of: key) ?? []
    }

    func commitments(of entry: Int) throws -> [TreeHash] {
        if let hashes = try hashes(commitments, of: Int64(entry)) { return hashes }
        guard let bytes = try entries(entry..<entry + 1).first,
            let people = try? RecordEntry(bytes).people, people.count == 1
        else { return [] }
        return [people.root]
    }

    private func hashes(_ statement: Statement, of key: Int64) throws -> [TreeHash]? {
        defer { statement.reset() }
        guard try statement.bind(1, key).step() else { return nil }
        guard let hashes = TreeHash.hashes(in: statement.bytes(0)) else {
            throw StorageError(.damaged, note: "hashes of the record are cut off")
        }
        return hashes
    }

    func entries(_ numbers: Range<Int>) throws -> [[UInt8]] {
        defer { entry.reset() }
        entry.bind(1, Int64(numbers.lowerBound)).bind(2, Int64(numbers.upperBound))
        var entries: [[UInt8]] = []
        while try entry.step() { entries.append(Array(entry.bytes(0))) }
        return entries
    }

    func openings(_ query: OpeningQuery) throws -> [KeptOpening] {
        let keys = RecordKeys.openings(query.entries)
        opening.bind(1, query.subject).bind(2, query.tenant ?? "")
            .bind(3, keys.lowerBound).bind(4, keys.upperBound).bind(5, Int64(query.limit))
        return try openings(opening)
    }

    func openings(of entry: Int) throws -> [KeptOpening] {
        let keys = RecordKeys.openings(entry..<entry + 1)
        openingsOfEntry.bind(1, keys.lowerBound).bind(2, keys.upperBound)
        return try openings(openingsOfEntry)
    }

    private func openings(_ rows: Statement) throws -> [KeptOpening] {
        defer { rows.reset() }
        var openings: [KeptOpening] = []
        while try rows.step() {
            let (entry, place) = RecordKeys.entryAndPlace(rows.int(0))
            guard let salt = Salt(Array(rows.bytes(1))) else {
                throw StorageError(.damaged, note: "a salt of entry \(entry) is cut off")
            }
            let bytes = Array(rows.bytes(2))
            openings.append(KeptOpening(entry: entry, place: place, salt: salt, bytes: bytes))
        }
        return openings
    }
}
