import ContextModel
import Foundation
import StorageSQLite

/// What of a hub's folder is in a backup, and in which order.
///
/// The record comes after the databases, so that it has every change of rights that these have; its
/// checkpoint comes before its entries, for it must not be newer than they are.
enum BackupContent {
    /// The first file of a backup, which says what it is.
    static let label = "balai-backup.json"
    /// The last one: the SHA-256 of each before it, as `sha256sum` writes and checks them.
    static let sums = "SHA256SUMS"

    static let checkpoint = "record.checkpoint"
    static let recordKey = "record.key"
    /// The note that the record is damaged comes along: the check of a start alone might not find that again.
    private static let record = [
        checkpoint, SQLiteStore.recordDatabase, recordKey, SQLiteStore.recordDamage,
    ]
    private static let secrets = [
        "witness.key", "operator.token", "tokens.json", "revoked.json", "hub.key", "network.key",
        SQLiteStore.cityFile, "demo",
    ]

    /// The files of a folder that a backup has, by their paths in it.
    static func files(in folder: String) -> [String] {
        let others = witnessed(in: folder) + record + secrets
        return SQLiteStore.tenantDatabases(in: folder)
            + others.filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)") }
    }

    /// Whether a file is a database, which is copied as it is at one moment.
    static func isDatabase(_ file: String) -> Bool { file.hasSuffix(".sqlite") }

    /// Whether a file belongs to the hub's record or is about it.
    static func isOfRecord(_ file: String) -> Bool { record.contains(file) }

    /// Whether a backup may have the file: everything else is refused, and no name leads out of the folder.
    static func allows(_ file: String) -> Bool {
        if file == SQLiteStore.mainDatabase || (record + secrets).contains(file) { return true }
        let parts = file.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return false }
        switch parts[0] {
        case "tenants":
            return parts[1].hasSuffix(".sqlite") && TenantName(String(parts[1].dropLast(7))) != nil
        case "witnessed":
            return parts[1].hasSuffix(".checkpoint")
                && parts[1].dropLast(11).allSatisfy { $0.isASCII && $0.isHexDigit }
        default: return false
        }
    }

    private static func witnessed(in folder: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/witnessed")
        return (names ?? []).map { "witnessed/\($0)" }.filter(allows).sorted()
    }
}

/// Why a backup could not be made or used.
struct BackupError: Error, CustomStringConvertible {
    enum Code: Sendable {
        /// The file is no backup, or is not what was written.
        case damaged
        /// A file cannot be read.
        case unreadable
        /// A file cannot be written.
        case unwritable
        /// The hub's own data cannot be read, or the hub is at work.
        case data
        case usage
    }
    let code: Code
    let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// The error of the last system call.
    static func system(_ code: Code, _ path: String, _ what: String) -> BackupError {
        BackupError(code, "\(path) \(what): \(String(cString: strerror(errno))).")
    }
}
