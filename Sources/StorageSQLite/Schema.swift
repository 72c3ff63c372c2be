internal import GRDB
internal import Storage

/// The tables of a tenant's file and their migrations, one for each version.
enum Schema {
    /// The application identifier that marks a file as a hub's: "Bala" in ASCII.
    static let applicationID: Int32 = 0x4261_6C61
    /// The newest version, stored in `user_version`.
    static let version: Int32 = 9
    static let pageBytes = 4_096

    /// Migrates the file to the newest version.
    ///
    /// Throws, and changes nothing, when the file is not a hub's or belongs to a newer hub.
    static func migrate(path: String) throws {
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            try queue.writeWithoutTransaction { try refuseForeign($0, path: path) }
            try migrator.migrate(queue)
            try queue.writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA user_version = \(version)")
            }
        } catch let error as DatabaseError {
            throw StorageError(
                sqliteCode: error.extendedResultCode.rawValue,
                note: "\(path): \(error.message ?? "cannot be opened"); \(recovery(path))"
            )
        }
    }

    static func recovery(_ path: String) -> String {
        "stop the hub, keep a copy of the file, then restore a backup or run "
            + "`sqlite3 \(path) .recover | sqlite3 repaired.sqlite` and put the result in its place"
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            try database.execute(
                sql: "PRAGMA page_size = \(pageBytes); PRAGMA journal_mode = WAL"
            )
        }
        return configuration
    }

    private static func refuseForeign(_ database: Database, path: String) throws {
        let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        try refuseForeign(
            mark: try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0,
            version: try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0,
            hasTables: tables > 0,
            path: path
        )
        if tables == 0 {
            try database.execute(sql: "PRAGMA application_id = \(applicationID)")
        }
    }

    /// Throws for a file that is not a hub's or belongs to a newer hub.
    static func refuseForeign(mark: Int, version found: Int, hasTables: Bool, path: String) throws {
        guard mark == applicationID || !hasTables else {
            throw StorageError(.damaged, note: "\(path) is a database, but not a hub's")
        }
        guard found <= version else {
            throw StorageError(
                .damaged,
                note: "\(path) was written by a newer hub (schema \(found), this one knows "
                    + "\(version)): start the newer hub, or restore a backup made before it"
            )
        }
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1", migrate: createTables)
        migrator.registerMigration("2", migrate: createSegments)
        migrator.registerMigration("3", migrate: dropOutboxIndexes)
        migrator.registerMigration("4", migrate: createPast)
        migrator.registerMigration("5", migrate: addOwners)
        migrator.registerMigration("6", migrate: boundWork)
        migrator.registerMigration("7", migrate: addClaims)
        migrator.registerMigration("8", migrate: addFeed)
        // Shapes tell of readings from here on, which an older hub cannot read; those that are stored stay as they are.
        migrator.registerMigration("9") { _ in }
        return migrator
    }

    /// Step 2: sealed history.
    ///
    /// History that was stored before stays in rows, which are sealed when readers meet them.
    private static func createSegments(_ database: Database) throws {
        try database.execute(
            sql: """
                -- first and last are the moments of its first and last instance.
                CREATE TABLE segment (
                    number INTEGER PRIMARY KEY, entity INTEGER NOT NULL, name INTEGER NOT NULL,
                    dataset INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
                    count INTEGER NOT NULL, body BLOB NOT NULL);
                CREATE UNIQUE INDEX segment_place ON segment (
                    entity, name, dataset, first, last, count);
                """
        )
    }

    /// Step 3: without indexes of the outbox.
    ///
    /// The dispatcher knows the recipients of messages, so a notification is one row with one key.
    private static func dropOutboxIndexes(_ database: Database) throws {
        try database.execute(sql: "DROP INDEX outbox_subscription; DROP INDEX outbox_enqueued")
    }

    /// Step 4: former states of entities, which decide who may see which part of a history.
    ///
    /// Nothing is known of changes before this step: they count as made in the state that the
    /// entity had at the step.
    private static func createPast(_ database: Database) throws {
        try database.execute(
            sql: """
                -- entity is the key of the entity's row. A change made before changes_from belongs
                -- to this state, one from ends_at on to a later one, one between them to both.
                CREATE TABLE past (
                    entity INTEGER NOT NULL, ends_at INTEGER NOT NULL,
                    changes_from INTEGER NOT NULL, shape INTEGER NOT NULL, body BLOB NOT NULL,
                    PRIMARY KEY (entity, ends_at)) WITHOUT ROWID;
                CREATE INDEX past_shape ON past (shape, entity);
                """
        )
    }

    /// Step 5: owners, by which documents are listed.
    ///
    /// A document that is there already has no owner until it is written again.
    private static func addOwners(_ database: Database) throws {
        try database.execute(
            sql: """
                ALTER TABLE document ADD COLUMN owner TEXT;
                CREATE INDEX document_owner ON document (kind, owner, number)
                    WHERE owner IS NOT NULL;
                """
        )
    }

    /// Step 6: bounded work in one transaction.
    ///
    /// The former states to which a change may belong are found without reading all of them; a
    /// state with an empty body stands for all older ones that were forgotten. A long history is
    /// detached from its entity at once, and removed afterwards.
    private static func boundWork(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE INDEX past_overlap ON past (entity, ends_at, changes_from)
                    WHERE changes_from < ends_at;
                -- entity is the number of a history that has no entity any more. The entity that
                -- had it has the number, negated, for its history now. No number comes twice.
                CREATE TABLE removed_history (
                    number INTEGER PRIMARY KEY AUTOINCREMENT, entity INTEGER NOT NULL UNIQUE);
                """
        )
    }

    /// Step 7: the lease of the outbox, and claims of messages.
    ///
    /// The table is created anew, because a body must be the last column; numbers continue.
    private static func addClaims(_ database: Database) throws {
        try database.execute(
            sql: """
                ALTER TABLE outbox RENAME TO outbox_before;
                -- term is the one in which the message was claimed; 0 as long as nobody has.
                CREATE TABLE outbox (
                    sequence INTEGER PRIMARY KEY AUTOINCREMENT, subscription TEXT NOT NULL,
                    enqueued INTEGER NOT NULL, term INTEGER NOT NULL, body BLOB NOT NULL);
                INSERT INTO outbox (sequence, subscription, enqueued, term, body)
                    SELECT sequence, subscription, enqueued, 0, body FROM outbox_before;
                DELETE FROM sqlite_sequence WHERE name = 'outbox';
                INSERT INTO sqlite_sequence (name, seq)
                    SELECT 'outbox', seq FROM sqlite_sequence WHERE name = 'outbox_before';
                DROP TABLE outbox_before;
                CREATE INDEX outbox_unclaimed ON outbox (sequence) WHERE term = 0;
                CREATE TABLE outbox_lease (
                    number INTEGER PRIMARY KEY CHECK (number = 1), owner TEXT NOT NULL,
                    term INTEGER NOT NULL, until INTEGER NOT NULL);
                """
        )
    }

    /// Step 8: the table of the change feed, for processes that cache documents.
    ///
    /// The newest change is never removed, so no number is used twice.
    private static func addFeed(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE feed (
                    number INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL);
                """
        )
    }

    /// Step 1: the first tables.
    ///
    /// A body is the last column of its table, so that the columns before it are read without the
    /// overflow pages of a long row.
    private static func createTables(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE name (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
                CREATE TABLE shape (number INTEGER PRIMARY KEY, content TEXT NOT NULL UNIQUE);
                CREATE TABLE form (number INTEGER PRIMARY KEY, body BLOB NOT NULL UNIQUE);

                -- shape is negative for an entity that has history only.
                -- history is the entity's number in the history table; NULL when it is the key.
                CREATE TABLE entity (
                    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, shape INTEGER NOT NULL,
                    history INTEGER, expires INTEGER, body BLOB NOT NULL);
                CREATE INDEX entity_shape ON entity (shape);
                CREATE INDEX entity_expires ON entity (expires, shape) WHERE expires IS NOT NULL;

                CREATE VIRTUAL TABLE box USING rtree (
                    key, west, east, south, north);
                CREATE TABLE indexed_attribute (
                    name INTEGER PRIMARY KEY, filled_to INTEGER NOT NULL, complete INTEGER NOT NULL);
                CREATE TABLE attribute_value (
                    name INTEGER NOT NULL, value NOT NULL, key INTEGER NOT NULL,
                    PRIMARY KEY (name, value, key)) WITHOUT ROWID;

                CREATE TABLE history (
                    entity INTEGER NOT NULL, name INTEGER NOT NULL, dataset INTEGER NOT NULL,
                    time INTEGER NOT NULL, sequence INTEGER NOT NULL, form INTEGER,
                    modified INTEGER, created INTEGER, value, body BLOB,
                    PRIMARY KEY (entity, name, dataset, time, sequence)) WITHOUT ROWID;
                CREATE TABLE instance (
                    entity INTEGER NOT NULL, name INTEGER NOT NULL, id TEXT NOT NULL,
                    dataset INTEGER NOT NULL, time INTEGER NOT NULL, sequence INTEGER NOT NULL,
                    PRIMARY KEY (entity, name, id)) WITHOUT ROWID;

                CREATE TABLE document (
                    number INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL,
                    body BLOB NOT NULL, UNIQUE (kind, id));
                CREATE TABLE outbox (
                    sequence INTEGER PRIMARY KEY AUTOINCREMENT, subscription TEXT NOT NULL,
                    enqueued INTEGER NOT NULL, body BLOB NOT NULL);
                CREATE INDEX outbox_subscription ON outbox (subscription, sequence);
                CREATE INDEX outbox_enqueued ON outbox (enqueued);
                """
        )
    }
}
