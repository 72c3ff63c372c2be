import Foundation
import Logging
import Storage
import StorageSQLite

extension HubRun {
    /// How many backups stay that were made before a new schema.
    static let migrationBackups = 3

    /// Finishes a restore that was interrupted, and backs up databases of an older schema, which the
    /// start will change.
    func prepareDatabases(_ folder: DataFolder, _ logger: Logger) throws {
        let outdated: [String]
        do {
            try DatabaseReplacement.finish(in: folder.path)
            outdated = try SQLiteStore.outdatedDatabases(in: folder.path)
        } catch let error as StorageError {
            throw StartError(.database, Self.advice(for: error, folder))
        }
        guard !outdated.isEmpty, backsUpBeforeMigration else { return }
        do {
            let backup = try Backup(folder: folder.path, now: Date()).write(
                intoFolder: folder.path + "/backups",
                named: "before-\(Balai.version)",
                keep: Self.migrationBackups
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
