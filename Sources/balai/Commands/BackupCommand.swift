import ArgumentParser
import Foundation

/// `balai backup`: writes all of a hub's data into one file, while the hub runs or not.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Write all of a hub's data into one file; the hub may go on running.",
        discussion: """
            The file is a tar archive: the databases as they were at one moment each, the record, keys \
            and tokens. Whoever can read it can do what the operator can. `balai restore` puts it back, \
            and `balai restore --check` only looks whether it is whole, as `sha256sum --check` does.

            Into a folder it goes under a name with the time; with --keep only the newest stay there.
            """
    )

    @Argument(help: "The file, or an existing folder.") var target: String
    @Option(help: "The hub's data folder.") var data = "balai-data"
    @Option(help: "How many backups of the folder stay; all, if this is not given.")
    var keep: Int?

    func validate() throws {
        if let keep, keep < 1 { throw ValidationError("--keep: at least 1.") }
    }

    func run() async throws {
        try await reportingErrors {
            umask(0o077)
            // Without this, a limit on the size of files would kill the program.
            signal(SIGXFSZ, SIG_IGN)
            let backup = Backup(folder: data, now: Date())
            let result: Backup.Result
            if isFolder {
                result = try backup.write(intoFolder: target, keep: keep)
            } else if keep == nil {
                result = try backup.write(to: target)
            } else {
                throw BackupError(.usage, "--keep is for a folder, and \(target) is none.")
            }
            let databases = result.databases == 1 ? "1 database" : "\(result.databases) databases"
            try StandardOutput.line("\(result.path): \(databases), \(result.bytes) bytes")
        }
    }

    private var isFolder: Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: target, isDirectory: &isFolder)
            && isFolder.boolValue
    }
}

/// `balai restore`: puts a backup into the folder of a hub that does not run.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Put a backup into a hub's data folder; the hub must not run.",
        discussion: """
            All of the backup is put in place, or nothing. The databases and city.json that the folder had \
            before are kept beside it, in replaced-TIME. Tokens, keys and the record stay as they are where the \
            folder has them: the record knows what people chose since the backup, and the next start puts it \
            into force.

            To go back to a version before, move record.* out of the folder first: a record that a newer \
            version has written is refused.
            """
    )

    @Argument(help: "The backup.") var backup: String
    @Option(help: "The hub's data folder; created if need be.") var data = "balai-data"
    @Flag(help: "Only look whether the backup is whole.") var check = false

    func run() async throws {
        try await reportingErrors {
            umask(0o077)
            signal(SIGXFSZ, SIG_IGN)
            if check {
                let files = try BackupReader(path: backup).readAll { _ in nil }
                return try StandardOutput.line("\(backup): \(files.count - 1) files, whole")
            }
            let folder = try DataFolder(creating: data)
            let result = try Restore(backup: backup, folder: folder, now: Date()).run()
            try StandardOutput.line("\(result.databases) databases restored to \(data)")
            if !result.kept.isEmpty {
                try StandardOutput.line(
                    "kept what is there: \(result.kept.joined(separator: ", "))"
                )
            }
            if let replaced = result.replaced {
                try StandardOutput.line("what was there before is in \(replaced)")
            }
        }
    }
}

extension BackupError {
    /// The matching code of sysexits.h.
    var exitCode: Int32 {
        switch code {
        case .damaged: EX_DATAERR
        case .unreadable: EX_NOINPUT
        case .unwritable: EX_CANTCREAT
        case .data: EX_IOERR
        case .usage: EX_USAGE
        }
    }
}
