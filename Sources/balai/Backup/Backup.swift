import Foundation
import Glibc
import Storage
import StorageSQLite

/// Makes backups of the data in a folder, while a hub is at work on it or not.
struct Backup {
    /// The folder of the hub's data.
    let folder: String
    let now: Date

    /// What was made.
    struct Result {
        let path: String
        let bytes: Int
        let databases: Int
    }

    /// Writes a backup to a file, in place of one of that name.
    ///
    /// Throws `BackupError`; nothing is then left of it.
    func write(to path: String) throws -> Result {
        let files = BackupContent.files(in: folder)
        guard files.contains(SQLiteStore.mainDatabase) else {
            throw BackupError(.data, "\(folder) has no hub's data.")
        }
        let writer = try BackupWriter(path: path, at: now)
        do {
            try writer.add(BackupContent.label, Array(label.utf8))
            for file in files { try add(file, to: writer) }
            try writer.finish()
        } catch {
            writer.discard()
            throw error
        }
        return Result(
            path: path,
            bytes: writer.bytesWritten,
            databases: files.count { BackupContent.isDatabase($0) }
        )
    }

    private func add(_ file: String, to writer: BackupWriter) throws {
        guard BackupContent.isDatabase(file) else {
            return try writer.add(file, contentsOf: "\(folder)/\(file)")
        }
        BackupWriter.removeCopy(writer.copy)
        defer { BackupWriter.removeCopy(writer.copy) }
        do {
            try SQLiteStore.copy(database: "\(folder)/\(file)", to: writer.copy)
        } catch let error as StorageError {
            throw BackupError(
                error.code == .diskFull ? .unwritable : .data,
                "\(folder)/\(file) cannot be copied: \(error.note)."
            )
        }
        try writer.add(file, contentsOf: writer.copy)
    }

    private var label: String {
        """
        {"balai": "\(Balai.version)", "format": 1, "madeAt": "\(ISO8601DateFormatter().string(from: now))"}

        """
    }
}

// MARK: - A folder of backups

extension Backup {
    /// Writes a backup with the time in its name into a folder, and removes the oldest ones there beyond
    /// `keep` with the same beginning.
    ///
    /// With `keepsFirst` the very first one stays, and one of the newest less. None is written over: a
    /// second one of the same second gets the name of the next.
    ///
    /// Older ones are removed when the new one is complete, and never for one that failed.
    func write(
        intoFolder target: String,
        named beginning: String = "balai",
        keep: Int?,
        keepsFirst: Bool = false
    ) throws -> Result {
        do {
            try FileManager.default.createDirectory(
                atPath: target,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw BackupError(
                .unwritable,
                "\(target) cannot be created: \(error.localizedDescription)"
            )
        }
        let pattern = BackupName(beginning: beginning)
        try Self.removeAbandoned(in: target, pattern)
        var moment = now
        while FileManager.default.fileExists(atPath: "\(target)/\(pattern.text(at: moment))") {
            moment += 1
        }
        let result = try write(to: "\(target)/\(pattern.text(at: moment))")
        if let keep {
            let names = try pattern.names(in: target)
            let first = keepsFirst ? 1 : 0
            for name in names.dropFirst(first).dropLast(max(keep - first, 1)) {
                unlink("\(target)/\(name)")
            }
        }
        return result
    }

    /// Removes what backups left that were interrupted; those at work hold a lock.
    private static func removeAbandoned(in target: String, _ pattern: BackupName) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: target)
        for name in names where name.hasSuffix(".part") && pattern.matches(name.dropLast(5)) {
            let part = "\(target)/\(name)"
            let file = open(part, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
            guard file >= 0 else { continue }
            defer { close(file) }
            guard flock(file, LOCK_EX | LOCK_NB) == 0 else { continue }
            BackupWriter.removeCopy(part + ".copy")
            unlink(part)
        }
    }
}

/// The names of the backups in a folder: `balai-20260131T235959Z.tar`.
struct BackupName {
    let beginning: String

    func text(at now: Date) -> String { "\(beginning)-\(Self.stamp(now)).tar" }

    func matches(_ name: some StringProtocol) -> Bool {
        guard name.hasPrefix(beginning + "-") else { return false }
        return String(name.dropFirst(beginning.count + 1))
            .wholeMatch(of: /[0-9]{8}T[0-9]{6}Z\.tar/) != nil
    }

    /// The backups in a folder, the oldest first.
    func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter(matches).sorted()
    }

    /// A moment in UTC, to the second, as it stands in names of files.
    static func stamp(_ moment: Date) -> String {
        ISO8601DateFormatter().string(from: moment).filter { $0 != "-" && $0 != ":" }
    }
}
