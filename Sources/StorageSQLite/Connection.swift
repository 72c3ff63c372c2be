internal import GRDBSQLite
internal import Storage

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// A connection of SQLite.
///
/// `@unchecked Sendable`: one thread at a time uses it, the one that took it from its owner.
///
/// GRDB migrates the schema. The hot paths call SQLite's C interface through this thin wrapper,
/// because a GRDB row costs more than reading the row itself (see docs/decisions).
final class Connection: @unchecked Sendable {
    enum Access { case readOnly, readWrite }

    let handle: OpaquePointer
    /// Statements that are not in use, by their text.
    ///
    /// Preparing one takes as long as reading many rows.
    private var idle: [String: [OpaquePointer]] = [:]
    private var idleCount = 0
    /// All statements, in use or not, but for those that SQLite prepares for its own tables.
    private var statements: Set<OpaquePointer> = []
    private var isClosed = false

    init(path: String, access: Access) throws {
        var opened: OpaquePointer?
        let flags =
            SQLITE_OPEN_NOMUTEX
            | (access == .readOnly
                ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            sqlite3_close_v2(opened)
            throw StorageError(sqliteCode: code, note: "\(path) cannot be opened")
        }
        handle = opened
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, Limits.busyMilliseconds)
    }

    deinit { close() }

    /// Closes the file, with all statements; nothing may use the connection or its statements afterwards.
    ///
    /// Without it the file stays open for as long as anybody has a reference to the connection, which
    /// may be longer than another process, or another store, believes.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        idle = [:]
        for statement in statements { sqlite3_finalize(statement) }
        statements = []
        sqlite3_close_v2(handle)
    }

    /// Returns a statement that is reserved for the caller until it is released.
    func prepare(_ sql: String) throws -> Statement {
        if let ready = idle[sql]?.popLast() {
            idleCount -= 1
            return Statement(ready, sql, of: self)
        }
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(
            handle,
            sql,
            -1,
            UInt32(SQLITE_PREPARE_PERSISTENT),
            &statement,
            nil
        )
        guard code == SQLITE_OK, let statement else { throw error(code, sql) }
        statements.insert(statement)
        return Statement(statement, sql, of: self)
    }

    fileprivate func takeBack(_ statement: OpaquePointer, _ sql: String) {
        if isClosed { return }
        guard idleCount < Limits.idleStatements else {
            statements.remove(statement)
            sqlite3_finalize(statement)
            return
        }
        sqlite3_reset(statement)
        sqlite3_clear_bindings(statement)
        idle[sql, default: []].append(statement)
        idleCount += 1
    }

    func execute(_ sql: String) throws {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code, sql) }
    }

    /// Returns the first column of the first row.
    func number(_ sql: String) throws -> Int64 {
        let statement = try prepare(sql)
        defer { statement.reset() }
        return try statement.step() ? statement.int(0) : 0
    }

    /// Copies as much of the log into the database as no reader prevents; returns the number of
    /// pages copied, nil if that failed.
    func checkpoint() -> Int? {
        var copied: Int32 = 0
        let code = sqlite3_wal_checkpoint_v2(
            handle,
            nil,
            SQLITE_CHECKPOINT_PASSIVE,
            nil,
            &copied
        )
        return code == SQLITE_OK && copied >= 0 ? Int(copied) : nil
    }

    /// Copies all of the log into the database and cuts the log to nothing; false where somebody reads what
    /// is in it, or it could not be copied.
    func emptyLog() -> Bool {
        sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil) == SQLITE_OK
    }

    /// Notes the length of the log after each commit; SQLite starts no checkpoint by itself any
    /// more.
    func watchLog(_ log: LogLength) {
        sqlite3_wal_hook(
            handle,
            { log, _, _, pages in
                log.map {
                    Unmanaged<LogLength>.fromOpaque($0).takeUnretainedValue().pages = Int(pages)
                }
                return SQLITE_OK
            },
            Unmanaged.passUnretained(log).toOpaque()
        )
    }

    var changes: Int { Int(sqlite3_changes(handle)) }
    var lastRowID: Int64 { sqlite3_last_insert_rowid(handle) }
    /// Whether a transaction is open.
    ///
    /// SQLite may have rolled it back by itself, for example when the disk is full.
    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Whether the last failure was one of the disk, of a quota or of a limit of a file's size.
    var isOutOfSpace: Bool { [ENOSPC, EDQUOT, EFBIG].contains(sqlite3_system_errno(handle)) }

    /// The system's error code for the last failure to write the log; SQLite keeps none for a
    /// commit.
    private var logErrorCode: Int32 {
        var log: UnsafeMutablePointer<sqlite3_file>?
        var code: Int32 = 0
        guard
            sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK,
            let control = log?.pointee.pMethods?.pointee.xFileControl,
            control(log, SQLITE_FCNTL_LAST_ERRNO, &code) == SQLITE_OK
        else { return 0 }
        return code
    }

    func error(_ code: Int32, _ sql: String) -> StorageError {
        StorageError(
            sqliteCode: code,
            systemCode: logErrorCode,
            note: "\(String(cString: sqlite3_errmsg(handle))) in \(sql)"
        )
    }
}

/// The length of the log in pages; used on the thread of its connection alone.
final class LogLength {
    var pages = 0
}

/// A prepared statement, which returns to its connection when it is released.
final class Statement {
    private let handle: OpaquePointer
    private let sql: String
    private let connection: Connection

    init(_ handle: OpaquePointer, _ sql: String, of connection: Connection) {
        self.handle = handle
        self.sql = sql
        self.connection = connection
    }

    deinit { connection.takeBack(handle, sql) }

    // MARK: Parameters, counted from 1

    @discardableResult
    func bind(_ index: Int32, _ value: Int64?) -> Statement {
        if let value {
            sqlite3_bind_int64(handle, index, value)
        } else {
            sqlite3_bind_null(handle, index)
        }
        return self
    }

    @discardableResult
    func bind(_ index: Int32, _ value: Double) -> Statement {
        sqlite3_bind_double(handle, index, value)
        return self
    }

    @discardableResult
    func bind(_ index: Int32, _ value: String?) -> Statement {
        guard let value else { return bind(index, nil as Int64?) }
        return bind(index, value)
    }

    @discardableResult
    func bind(_ index: Int32, _ value: String) -> Statement {
        var value = value
        value.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                // An empty buffer has no address, and SQLite binds NULL for a null address.
                _ =
                    $0.isEmpty
                    ? sqlite3_bind_text(handle, index, "", 0, copied)
                    : sqlite3_bind_text(handle, index, $0.baseAddress, Int32($0.count), copied)
            }
        }
        return self
    }

    @discardableResult
    func bind(_ index: Int32, _ value: [UInt8]?) -> Statement {
        if let value {
            value.withUnsafeBytes { bytes in
                _ = sqlite3_bind_blob64(
                    handle,
                    index,
                    bytes.baseAddress,
                    UInt64(bytes.count),
                    copied
                )
            }
        } else {
            sqlite3_bind_null(handle, index)
        }
        return self
    }

    @discardableResult
    func bind(_ index: Int32, _ value: Scalar) -> Statement {
        switch value {
        case .null: sqlite3_bind_null(handle, index)
        case .number(let number): sqlite3_bind_double(handle, index, number)
        case .text(let text): bind(index, text)
        }
        return self
    }

    // MARK: Running

    /// Executes a step; returns whether there is a row.
    func step() throws -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        if code == SQLITE_DONE { return false }
        let error = connection.error(code, sql)
        sqlite3_reset(handle)
        throw error
    }

    /// Executes the statement to its end and resets it.
    func run() throws {
        while try step() {}
        reset()
    }

    func reset() { sqlite3_reset(handle) }

    // MARK: Columns, counted from 0

    func int(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
    func double(_ column: Int32) -> Double { sqlite3_column_double(handle, column) }
    func isNull(_ column: Int32) -> Bool {
        sqlite3_column_type(handle, column) == SQLITE_NULL
    }
    func optionalInt(_ column: Int32) -> Int64? { isNull(column) ? nil : int(column) }

    func text(_ column: Int32) -> String {
        let count = Int(sqlite3_column_bytes(handle, column))
        guard let bytes = sqlite3_column_text(handle, column) else { return "" }
        return String(
            decoding: UnsafeBufferPointer(start: bytes, count: count),
            as: UTF8.self
        )
    }

    /// The bytes of the column, valid until the next step.
    func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: sqlite3_column_blob(handle, column),
            count: Int(sqlite3_column_bytes(handle, column))
        )
    }

    /// The number of bytes of a text or blob; 0 for anything else.
    func byteCount(_ column: Int32) -> Int {
        switch sqlite3_column_type(handle, column) {
        case SQLITE_TEXT, SQLITE_BLOB: Int(sqlite3_column_bytes(handle, column))
        default: 0
        }
    }

    func scalar(_ column: Int32) -> Scalar {
        switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER, SQLITE_FLOAT: .number(double(column))
        case SQLITE_TEXT: .text(text(column))
        default: .null
        }
    }

    private var copied: sqlite3_destructor_type? {
        unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    }
}

extension StorageError {
    /// Creates the error for SQLite's result code and the system's code behind it.
    init(sqliteCode: Int32, systemCode: Int32 = 0, note: String) {
        // SQLite reports one kind of a full device; a quota and a limit of the size of files are
        // others.
        let isFull = [ENOSPC, EDQUOT, EFBIG].contains(systemCode)
        let code: Code =
            switch sqliteCode & 0xFF {
            case SQLITE_FULL: .diskFull
            case SQLITE_IOERR where isFull: .diskFull
            case SQLITE_CORRUPT, SQLITE_NOTADB: .damaged
            case SQLITE_BUSY, SQLITE_LOCKED: .locked
            case SQLITE_INTERRUPT: .tookTooLong
            default: .failed
            }
        self.init(code, note: "\(note) (SQLite result \(sqliteCode), system \(systemCode))")
    }
}
