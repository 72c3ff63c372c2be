internal import GRDB
internal import Record
internal import Storage

/// The tables of `record.sqlite`, and how they came to be: one numbered step each.
enum RecordSchema {
    /// Marks the file as a record: "BalR" in ASCII.
    static let applicationID: Int32 = 0x4261_6C52
    /// The number of the newest step, kept in `user_version`.
    static let version: Int32 = 3

    /// Brings the file to the newest step, and makes it if need be.
    ///
    /// A file that is no record, or was written by a newer hub, is left alone: `StorageError.damaged`.
    static func migrate(path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            try database.execute(
                sql: "PRAGMA page_size = \(Schema.pageBytes); PRAGMA journal_mode = WAL"
            )
        }
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            try queue.writeWithoutTransaction { try refuseForeign($0, path: path) }
            var migrator = DatabaseMigrator()
            migrator.registerMigration("1", migrate: createTables)
            migrator.registerMigration("2", migrate: removeUnfilledTile)
            migrator.registerMigration("3", migrate: indexPersonsInRuns)
            try migrator.migrate(queue)
            try queue.writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA user_version = \(version)")
            }
        } catch let error as DatabaseError {
            throw StorageError(
                sqliteCode: error.extendedResultCode.rawValue,
                note: "\(path): \(error.message ?? "cannot be opened")"
            )
        }
    }

    private static func refuseForeign(_ database: Database, path: String) throws {
        let mark = try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        let found = try Int32.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        guard mark == applicationID || tables == 0, found <= version else {
            throw StorageError(.damaged, note: "\(path) is no record that this hub can read")
        }
        if tables == 0 { try database.execute(sql: "PRAGMA application_id = \(applicationID)") }
    }

    /// Step 1.
    private static func createTables(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE entry (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
                -- Hashes of a tile; key is its index with its level in the highest bits.
                CREATE TABLE tile (key INTEGER PRIMARY KEY, hashes BLOB NOT NULL);
                -- Of entries with several openings alone. They stay when an opening is removed.
                CREATE TABLE commitments (entry INTEGER PRIMARY KEY, hashes BLOB NOT NULL);
                -- key is the place among the commitments with the entry's number in the higher bits;
                -- tenant is empty for the default one.
                CREATE TABLE opening (
                    key INTEGER PRIMARY KEY, subject TEXT NOT NULL, tenant TEXT NOT NULL,
                    salt BLOB NOT NULL, body BLOB NOT NULL);
                CREATE INDEX opening_subject ON opening (subject, tenant, key);
                """
        )
    }

    /// Step 3: openings are found by persons through a table that is filled in runs (`OpeningIndex`).
    private static func indexPersonsInRuns(_ database: Database) throws {
        try database.execute(
            sql: """
                DROP INDEX opening_subject;
                CREATE TABLE opening_of_person (
                    person INTEGER NOT NULL, key INTEGER NOT NULL, PRIMARY KEY (person, key)
                ) WITHOUT ROWID;
                -- The openings below this key are in it.
                CREATE TABLE indexed_openings (below INTEGER NOT NULL);
                INSERT INTO indexed_openings VALUES (0);
                """
        )
    }

    /// Step 2: the hashes of entries that fill no tile are made of the entries.
    private static func removeUnfilledTile(_ database: Database) throws {
        let bytes = Tile.fullWidth * TreeHash.byteCount
        try database.execute(
            sql: """
                DELETE FROM tile
                WHERE key >> \(RecordKeys.indexBits) = 0 AND length(hashes) < \(bytes)
                """
        )
    }
}

/// Numbers in one key: the one in the higher bits decides the order.
enum RecordKeys {
    static let placeBits = 17
    static let indexBits = 48

    static func opening(entry: Int, place: Int) -> Int64 { Int64(entry << placeBits | place) }

    /// The keys of the openings of these entries.
    static func openings(_ entries: Range<Int>) -> ClosedRange<Int64> {
        let end = min(entries.upperBound, Int.max >> placeBits)
        let start = min(max(entries.lowerBound, 0), end)
        return opening(entry: start, place: 0)...opening(entry: end, place: 0)
    }

    static func entryAndPlace(_ key: Int64) -> (entry: Int, place: Int) {
        (Int(key) >> placeBits, Int(key) & (1 << placeBits - 1))
    }

    static func tile(level: Int, index: Int) -> Int64 { Int64(level << indexBits | index) }
}
