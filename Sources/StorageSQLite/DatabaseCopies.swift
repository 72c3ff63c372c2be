internal import ContextModel
internal import Storage

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Copies of the databases of a folder, for backups.
extension SQLiteStore {
    /// The databases of the tenants in a folder, by their paths in it, that of the default tenant first.
    ///
    /// Snapshots are left out: they expire by themselves.
    package static func tenantDatabases(in folder: String) -> [String] {
        let tenants = files(in: "\(folder)/tenants")
            .filter { $0.hasSuffix(".sqlite") && TenantName(String($0.dropLast(7))) != nil }
            .sorted()
        return [mainDatabase].filter { access("\(folder)/\($0)", F_OK) == 0 }
            + tenants.map { "tenants/\($0)" }
    }

    /// The database of the default tenant, without which a folder is no hub's.
    package static let mainDatabase = "hub.sqlite"
    /// The database of the record.
    package static let recordDatabase = "record.sqlite"
    /// The note of a run that found the record damaged.
    package static let recordDamage = "record.damage"
    /// What the hub's operator says of the city, which belongs to the data.
    package static let cityFile = "city.json"

    /// Writes a database as it is at one moment to a new file, while a hub may go on writing to it.
    ///
    /// The copy has no log beside it, and nothing of what was deleted. It takes as long as reading and
    /// writing the file. Throws `StorageError`: `damaged`, or `diskFull` at the copy.
    package static func copy(database path: String, to copy: String) throws {
        let connection = try Connection(path: path, access: .readOnly)
        do {
            _ = try connection.prepare("VACUUM INTO ?1").bind(1, copy).step()
        } catch let error as StorageError where error.code == .failed {
            throw connection.isOutOfSpace ? StorageError(.diskFull, note: error.note) : error
        }
    }

    /// The databases of a folder that a start of this hub would change to a newer schema.
    ///
    /// A record that cannot be read is not among them: the start says what is wrong with it.
    package static func outdatedDatabases(in folder: String) throws -> [String] {
        var outdated: [String] = []
        for database in tenantDatabases(in: folder) {
            let path = "\(folder)/\(database)"
            try DatabaseFile(path: path).check()
            if try isOlder(path, than: Schema.version) { outdated.append(database) }
        }
        let record = "\(folder)/\(recordDatabase)"
        if access(record, F_OK) == 0, (try? isOlder(record, than: RecordSchema.version)) == true {
            outdated.append(recordDatabase)
        }
        return outdated
    }

    /// Whether the record of a folder was written by a newer hub, so that this one cannot read it.
    ///
    /// Of a record that cannot be opened the start says what is wrong with it.
    package static func hasNewerRecord(in folder: String) -> Bool {
        let path = "\(folder)/\(recordDatabase)"
        guard access(path, F_OK) == 0,
            let connection = try? Connection(path: path, access: .readOnly),
            let version = try? connection.number("PRAGMA user_version")
        else { return false }
        return version > Int64(RecordSchema.version)
    }

    /// Does something while no hub can use the folder; throws `StorageError`, `locked` while one does.
    package static func whileLocked<Answer>(
        folder: String,
        _ body: () throws -> Answer
    ) throws -> Answer {
        let lock = try FolderLock(path: "\(folder)/hub.lock")
        defer { lock.release() }
        return try body()
    }

    private static func isOlder(_ path: String, than version: Int32) throws -> Bool {
        let connection = try Connection(path: path, access: .readOnly)
        // A file without tables is new.
        guard try connection.number("SELECT count(*) FROM sqlite_schema") > 0 else { return false }
        return try connection.number("PRAGMA user_version") < Int64(version)
    }
}
