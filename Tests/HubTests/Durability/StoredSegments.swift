import GRDBSQLite
import Testing

/// The sealed part of the history in a hub's file.
enum StoredSegments {
    static func count(in folder: TestFolder) throws -> Int64 {
        var connection: OpaquePointer?
        let path = folder.data + "/hub.sqlite"
        defer { sqlite3_close_v2(connection) }
        try #require(sqlite3_open_v2(path, &connection, SQLITE_OPEN_READONLY, nil) == SQLITE_OK)
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        let sql = "SELECT count(*) FROM segment"
        try #require(sqlite3_prepare_v2(connection, sql, -1, &statement, nil) == SQLITE_OK)
        try #require(sqlite3_step(statement) == SQLITE_ROW)
        return sqlite3_column_int64(statement, 0)
    }
}
