import Foundation
import Glibc
import Storage
import StorageSQLite

/// Puts a backup into the folder of a hub that does not run.
///
/// The databases of the tenants, and what the city is called, take the place of those there. What tells who may come in, and the record,
/// stay as they are where the folder has them: they are newer, and the record puts into force what people
/// chose since.
struct Restore {
    let backup: String
    let folder: DataFolder
    let now: Date

    /// What was done.
    struct Result {
        let databases: Int
        /// The files of the backup that were not used, since the folder has its own.
        let kept: [String]
        /// Where the databases are that the folder had before; nil when it had none.
        let replaced: String?
    }

    /// Throws `BackupError`; the folder is then as it was, or the error says that the next start goes on.
    func run() throws -> Result {
        let hadData = FileManager.default.fileExists(atPath: folder.databasePath)
        let replacement = try asBackupErrors {
            try DatabaseReplacement(folder: folder.path, stamp: BackupName.stamp(now))
        }
        do {
            let (files, kept) = try unpack(into: replacement.incoming)
            guard files.contains(SQLiteStore.mainDatabase) else {
                throw BackupError(.damaged, "\(backup) has no \(SQLiteStore.mainDatabase).")
            }
            try asBackupErrors { try replacement.check() }
            try commit(replacement)
            return Result(
                databases: files.count { BackupContent.isDatabase($0) },
                kept: kept,
                replaced: hadData ? replacement.replaced : nil
            )
        } catch {
            replacement.discard()
            throw error
        }
    }

    private func commit(_ replacement: DatabaseReplacement) throws {
        do { try asBackupErrors { try replacement.commit() } } catch let error as BackupError {
            guard replacement.isComplete else { throw error }
            throw BackupError(
                error.code,
                "\(error.description) The backup is in \(folder.path) as a whole, but not in its place "
                    + "yet: the next start of the hub, or the next restore, finishes it."
            )
        }
    }

    /// Writes the files that are to be used, and names those that are not.
    private func unpack(into incoming: String) throws -> (files: [String], kept: [String]) {
        let hasRecord = ["record.sqlite", "record.checkpoint", "record.key"].contains {
            FileManager.default.fileExists(atPath: "\(folder.path)/\($0)")
        }
        if hasRecord { try refuseNewerRecord() }
        var kept: [String] = []
        var written: [String] = []
        var key: [UInt8] = []
        _ = try BackupReader(path: backup).readAll { file in
            let isThere = FileManager.default.fileExists(atPath: "\(folder.path)/\(file)")
            let stays =
                BackupContent.isOfRecord(file) ? hasRecord : isThere && !isReplaced(file)
            if file == BackupContent.recordKey, stays {
                kept.append(file)
                return { key += $0 }
            }
            guard !stays else {
                kept.append(file)
                return nil
            }
            written.append(file)
            let handle = try Self.newFile("\(incoming)/\(file)")
            return { piece in
                do { try handle.write(contentsOf: piece) } catch {
                    throw BackupError(
                        .unwritable,
                        "\(incoming)/\(file) cannot be written: \(error.localizedDescription)"
                    )
                }
            }
        }
        try refuseOtherRecord(key)
        return (written, kept)
    }

    /// Whether the file is one that the backup's takes the place of.
    private func isReplaced(_ file: String) -> Bool {
        file == SQLiteStore.cityFile
            || BackupContent.isDatabase(file) && !BackupContent.isOfRecord(file)
    }

    /// A record that stays has to be one that this program can read.
    private func refuseNewerRecord() throws {
        guard SQLiteStore.hasNewerRecord(in: folder.path) else { return }
        throw BackupError(
            .usage,
            "\(folder.path) has a record of a newer version of the hub, which this one cannot read. "
                + "Restore with that version; or, to go back to this one, move `record.*` out of the "
                + "folder first: the record of the backup is then used, and what people chose since "
                + "the backup is not in force."
        )
    }

    /// The record of another hub would put its people's choices into force.
    private func refuseOtherRecord(_ key: [UInt8]) throws {
        let own = FileManager.default.contents(atPath: folder.recordKeyPath)
        guard !key.isEmpty, let own, Array(own) != key else { return }
        throw BackupError(
            .usage,
            "\(folder.path) has the record of another hub than \(backup). Restore into an empty folder."
        )
    }

    private static func newFile(_ path: String) throws -> FileHandle {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw BackupError.system(.unwritable, path, "cannot be written") }
        return FileHandle(fileDescriptor: file, closeOnDealloc: true)
    }

    private func asBackupErrors<Answer>(_ body: () throws -> Answer) throws -> Answer {
        do { return try body() } catch let error as StorageError {
            switch error.code {
            case .locked:
                throw BackupError(.data, "\(folder.path) is in use by a hub; stop it first.")
            case .damaged: throw BackupError(.damaged, "\(backup) cannot be used: \(error.note).")
            default: throw BackupError(.unwritable, "\(error.note).")
            }
        }
    }
}
