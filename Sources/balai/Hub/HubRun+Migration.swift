import Foundation
import Logging
import Storage
import StorageSQLite

extension HubRun {
    /// How many backups stay that were made before a new schema: the first one, which no start of this
    /// version has changed, and the newest.
    static let migrationBackups = 3

    /// Finishes a restore that was interrupted, and backs up databases of an older schema, which the
    /// start will change.
    func prepareDatabases(_ folder: DataFolder, _ logger: Logger) throws {
        do {
            try DatabaseReplacement.finish(in: folder.path)
            try SQLiteStore.whileLocked(folder: folder.path) {
                let outdated = try SQLiteStore.outdatedDatabases(in: folder.path)
                guard !outdated.isEmpty, backsUpBeforeMigration else { return }
                try backUp(outdated, of: folder, logger)
            }
        } catch let error as StorageError {
            throw StartError(.database, Self.advice(for: error, folder))
        }
    }

    private func backUp(_ outdated: [String], of folder: DataFolder, _ logger: Logger) throws {
        do {
            let backup = try Backup(folder: folder.path, now: Date()).write(
                intoFolder: folder.path + "/backups",
                named: "before-\(Balai.version)",
                keep: Self.migrationBackups,
                keepsFirst: true
            )
            let names = outdated.joined(separator: ", ")
            logger.notice("\(names) will get a newer schema; a backup is in \(backup.path)")
        } catch let error as BackupError {
            throw StartError(
                .database,
                "The databases need a newer schema, and no backup can be made before: "
                    + "\(error.description) Make room, or start with --without-backup."
            )
        }
    }
}
