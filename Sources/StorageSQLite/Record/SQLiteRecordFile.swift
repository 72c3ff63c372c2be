internal import Record
internal import Storage

/// The writing side of `record.sqlite`, used by the thread of its `RecordWriter` alone.
final class SQLiteRecordFile: @unchecked Sendable {
    private let connection: Connection
    private let log = LogLength()
    private let checkpointer: Checkpointer
    private let begin, commit, entry, tile, commitments, opening, removal: Statement
    private let index: OpeningIndex
    /// The right edge of the tree as it is on disk.
    private var edge: TileEdge

    init(path: String, waiting: WaitingOpenings) throws {
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
        removal = try connection.prepare("DELETE FROM opening WHERE key = ?1")
        index = try OpeningIndex(connection, waiting: waiting)
        edge = try Self.edge(connection, path: path)
        while try transaction({ try index.addLeftOver() }) {}
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
        var openings: [PersonOpening] = []
        let moved: Int
        (edge, moved) = try transaction {
            var grown = edge
            for prepared in entries { try add(prepared, to: &grown, &openings) }
            // A tile of a higher level grows when one below is full. The last one of leaves is not kept before
            // it is full, for its hashes are those of its entries.
            for (level, hashes) in grown.levels.enumerated().dropFirst() where !hashes.isEmpty {
                let shift = Tile.height * level
                guard grown.size >> shift != edge.size >> shift else { continue }
                try put(hashes, level: level, index: grown.size >> (shift + Tile.height))
            }
            return (grown, try index.move(afterAdding: openings.count))
        }
        index.waiting.note(added: openings, moved: moved)
    }

    /// Removes what entries of reads say of a person; how many openings it was.
    func removeReads(of subject: String, tenant: String, atMost count: Int) throws -> Int {
        // So that all of the person's openings are in the index, and none comes into it later.
        let moved = try transaction { try index.moveAll() }
        index.waiting.note(added: [], moved: moved)
        return try transaction {
            let keys = try index.reads(of: subject, tenant: tenant, atMost: count)
            for key in keys {
                try removal.bind(1, key).run()
                try index.remove(PersonOpening(of: subject, tenant: tenant, key: key))
            }
            return keys.count
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

    private func add(
        _ prepared: PreparedEntry,
        to edge: inout TileEdge,
        _ openings: inout [PersonOpening]
    ) throws {
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
            let (subject, tenant) = (salted.opening.subject, salted.opening.tenant ?? "")
            let key = RecordKeys.opening(entry: number, place: place)
            try opening.bind(1, key).bind(2, subject).bind(3, tenant)
                .bind(4, salted.salt.bytes).bind(5, salted.bytes)
                .run()
            openings.append(PersonOpening(of: subject, tenant: tenant, key: key))
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
        connection.close()
    }
}
