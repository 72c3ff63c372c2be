import Foundation
import GRDBSQLite

/// The rows a hub has stored, to be put into an empty database of the same tables and indexes by
/// nothing but SQLite: what the same bytes cost without a hub around them.
///
/// SQLite's own interface, because what a hub adds is to be measured, not what a library adds.
final class PlainRows {
    private struct Table {
        let name: String
        let creation: [String]
        var columns = 0
        /// Row by row.
        var values: [OpaquePointer?] = []
    }

    private var tables: [Table] = []

    var count: Int { tables.reduce(0) { $0 + $1.values.count / max(1, $1.columns) } }

    init(ofDatabase file: URL) throws {
        let database = try PlainDatabase(file)
        for var table in try Self.tables(of: database) {
            try database.each("SELECT * FROM \"\(table.name)\"") { row in
                table.columns = Int(sqlite3_column_count(row))
                for column in 0..<sqlite3_column_count(row) {
                    table.values.append(sqlite3_value_dup(sqlite3_column_value(row, column)))
                }
            }
            tables.append(table)
        }
    }

    deinit { for table in tables { table.values.forEach(sqlite3_value_free) } }

    /// The tables with what creates them and their indexes; an R*Tree's own tables come with it.
    private static func tables(of database: PlainDatabase) throws -> [Table] {
        var creation: [String: [String]] = [:]
        var names: [String] = []
        try database.each(
            "SELECT tbl_name, sql, type FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
        ) { row in
            let name = String(cString: sqlite3_column_text(row, 0))
            let sql = String(cString: sqlite3_column_text(row, 1))
            if creation[name] == nil { names.append(name) }
            creation[name, default: []].append(sql)
        }
        let virtual = names.filter { creation[$0]?.first?.hasPrefix("CREATE VIRTUAL") ?? false }
        return names.filter { name in
            !name.hasPrefix("sqlite_") && !virtual.contains { name.hasPrefix($0 + "_") }
        }.map { Table(name: $0, creation: creation[$0] ?? []) }
    }

    /// Inserts all rows in so many transactions, each on disk before the next; the time it took.
    func insert(into file: URL, transactions: Int) throws -> Double {
        let database = try PlainDatabase(file)
        try database.run("PRAGMA page_size = 4096; PRAGMA journal_mode = WAL")
        try database.run("PRAGMA synchronous = FULL")
        for table in tables { try table.creation.forEach(database.run) }
        let used = tables.filter { !$0.values.isEmpty }
        let statements = try used.map { table in
            let places = repeatElement("?", count: table.columns).joined(separator: ",")
            return try database.prepare("INSERT INTO \"\(table.name)\" VALUES (\(places))")
        }
        defer { statements.forEach { sqlite3_finalize($0) } }
        let start = monotonicSeconds()
        for part in 0..<transactions {
            try database.run("BEGIN IMMEDIATE")
            for (table, statement) in zip(used, statements) {
                try insert(part, of: transactions, table, statement, database)
            }
            try database.run("COMMIT")
        }
        return monotonicSeconds() - start
    }

    private func insert(
        _ part: Int,
        of parts: Int,
        _ table: Table,
        _ statement: OpaquePointer?,
        _ database: PlainDatabase
    ) throws {
        let rows = table.values.count / table.columns
        for row in (rows * part / parts)..<(rows * (part + 1) / parts) {
            for column in 0..<table.columns {
                sqlite3_bind_value(
                    statement,
                    Int32(column + 1),
                    table.values[row * table.columns + column]
                )
            }
            try database.check(sqlite3_step(statement))
            sqlite3_reset(statement)
        }
    }
}

/// A connection of SQLite's own.
final class PlainDatabase {
    private var connection: OpaquePointer?

    init(_ file: URL) throws { try check(sqlite3_open(file.path, &connection)) }

    deinit { sqlite3_close(connection) }

    func check(_ code: Int32) throws {
        guard code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW else {
            throw BenchmarkError("SQLite: \(String(cString: sqlite3_errmsg(connection)))")
        }
    }

    func run(_ sql: String) throws { try check(sqlite3_exec(connection, sql, nil, nil, nil)) }

    func prepare(_ sql: String) throws -> OpaquePointer? {
        var statement: OpaquePointer?
        try check(sqlite3_prepare_v2(connection, sql, -1, &statement, nil))
        return statement
    }

    func each(_ sql: String, _ body: (OpaquePointer?) -> Void) throws {
        let statement = try prepare(sql)
        defer { sqlite3_finalize(statement) }
        while sqlite3_step(statement) == SQLITE_ROW { body(statement) }
    }
}
