internal import Storage

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Databases that take the place of those in a folder: all of them or, until they are complete, none.
///
/// The new files are written into a folder of their own. Its name says how far things are:
/// `restore-STAMP.incoming` while it is filled, `.complete` while the files before are moved to
/// `replaced-STAMP`, and `.placing` while the new ones are moved into their places. Each step can be
/// interrupted and done again, so a start after a power failure goes on where it stopped.
package final class DatabaseReplacement {
    /// Renames a file or folder; a test lets it fail.
    package typealias Rename = (String, String) throws -> Void

    /// Where the new files are written, with the paths that they are to have in the hub's folder.
    package let incoming: String
    /// Whether the new files are complete: then the next start puts them in place where `commit` could not.
    package private(set) var isComplete = false
    private let folder: String
    private let stamp: String
    private let lock: FolderLock
    private let rename: Rename

    /// Locks the folder, finishes or removes what an earlier replacement left, and makes the folder for
    /// the new files.
    ///
    /// The stamp is part of names of folders; where it is taken, a number follows it. Throws
    /// `StorageError`: `locked` while a hub runs, `failed` where files could not be moved.
    package init(
        folder: String,
        stamp: String,
        rename: @escaping Rename = DatabaseReplacement.renamed
    ) throws {
        self.folder = folder
        self.rename = rename
        lock = try FolderLock(path: "\(folder)/hub.lock")
        try Self.goOn(in: folder, rename)
        try Self.refuseOtherFileSystems(in: folder)
        let free = Self.freeStamp(stamp, in: folder)
        self.stamp = free
        incoming = "\(folder)/\(Stage.prefix)\(free)\(Stage.incoming.rawValue)"
        for path in [incoming, "\(incoming)/tenants", "\(incoming)/witnessed"] {
            try Self.makeFolder(path)
        }
    }

    /// The folder with what the hub had before.
    package var replaced: String { "\(folder)/replaced-\(stamp)" }

    /// Whether this hub can use the new databases; throws `StorageError` with the reason if not.
    package func check() throws {
        for database in SQLiteStore.tenantDatabases(in: incoming) {
            try DatabaseFile(path: "\(incoming)/\(database)").check()
        }
        if let finding = SQLiteStore.inspect(folder: incoming).first {
            throw StorageError(.damaged, note: finding)
        }
    }

    /// Puts the new files in place; they are there, on disk, when this returns.
    ///
    /// What the city is called takes the place of what was there; other files besides databases are
    /// placed where the folder has none of that name.
    ///
    /// Throws `StorageError`. If `isComplete` is then true, the next start or replacement goes on.
    package func commit() throws {
        try Self.syncAll(in: incoming)
        let complete = "\(folder)/\(Stage.prefix)\(stamp)\(Stage.complete.rawValue)"
        try rename(incoming, complete)
        isComplete = true
        try Self.sync(folder)
        try Self.goOn(in: folder, rename)
        lock.release()
    }

    /// Removes the new files, unless they are complete; the folder is as it was before.
    package func discard() {
        if !isComplete { Self.remove(incoming) }
        lock.release()
    }

    /// Finishes a replacement that was interrupted after its files were complete, and removes one that
    /// was interrupted before.
    package static func finish(in folder: String) throws {
        guard !leftovers(in: folder).isEmpty else { return }
        let lock = try FolderLock(path: "\(folder)/hub.lock")
        defer { lock.release() }
        try goOn(in: folder, renamed)
    }
}

// MARK: - Steps

extension DatabaseReplacement {
    private enum Stage: String, CaseIterable {
        case incoming = ".incoming"
        case complete = ".complete"
        case placing = ".placing"

        static let prefix = "restore-"
    }

    private static func leftovers(in folder: String) -> [(stage: Stage, name: String)] {
        SQLiteStore.files(in: folder).filter { $0.hasPrefix(Stage.prefix) }.sorted()
            .compactMap { name in
                Stage.allCases.first { name.hasSuffix($0.rawValue) }.map { ($0, name) }
            }
    }

    private static func goOn(in folder: String, _ rename: Rename) throws {
        for (stage, name) in leftovers(in: folder) {
            let path = "\(folder)/\(name)"
            let stamp = name.dropFirst(Stage.prefix.count).dropLast(stage.rawValue.count)
            switch stage {
            case .incoming: remove(path)
            case .complete:
                try moveAway(from: folder, to: "\(folder)/replaced-\(stamp)", for: path, rename)
                let placing = "\(folder)/\(Stage.prefix)\(stamp)\(Stage.placing.rawValue)"
                try rename(path, placing)
                try sync(folder)
                try place(placing, in: folder, rename)
            case .placing: try place(path, in: folder, rename)
            }
        }
    }

    /// Moves the databases of the folder away; the record with the note of its damage, and what the city
    /// is called, only if there is a new one.
    private static func moveAway(
        from folder: String,
        to old: String,
        for incoming: String,
        _ rename: Rename
    ) throws {
        try makeFolder(old)
        let bringsRecord = access("\(incoming)/\(SQLiteStore.recordDatabase)", F_OK) == 0
        let bringsCity = access("\(incoming)/\(SQLiteStore.cityFile)", F_OK) == 0
        let names = SQLiteStore.files(in: folder).filter { name in
            name == "tenants" || name == "snapshots" || name.hasPrefix(SQLiteStore.mainDatabase)
                || bringsCity && name == SQLiteStore.cityFile
                || bringsRecord
                    && (name.hasPrefix(SQLiteStore.recordDatabase)
                        || name == SQLiteStore.recordDamage)
        }
        for name in names.sorted() { try rename("\(folder)/\(name)", "\(old)/\(name)") }
        try sync(old)
        try sync(folder)
    }

    /// Moves new files to their places, and removes their folder.
    private static func place(_ new: String, in folder: String, _ rename: Rename) throws {
        for part in ["tenants", "witnessed", ""] {
            let source = part.isEmpty ? new : "\(new)/\(part)"
            let target = part.isEmpty ? folder : "\(folder)/\(part)"
            let names = SQLiteStore.files(in: source).filter {
                ![".", "..", "tenants", "witnessed"].contains($0)
            }
            if names.isEmpty { continue }
            try makeFolder(target)
            for name in names.sorted() where access("\(target)/\(name)", F_OK) != 0 {
                try rename("\(source)/\(name)", "\(target)/\(name)")
            }
            try sync(target)
        }
        remove(new)
        try sync(folder)
    }
}

// MARK: - Files

extension DatabaseReplacement {
    package static func renamed(_ old: String, _ new: String) throws {
        guard Glibc.rename(old, new) == 0 else { throw failure(old, "cannot be moved to \(new)") }
    }

    private static func makeFolder(_ path: String) throws {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw failure(path, "cannot be created")
        }
    }

    /// Removes a folder of a replacement with the files in it, as far as it can.
    private static func remove(_ path: String) {
        for part in ["\(path)/tenants", "\(path)/witnessed", path] {
            for name in SQLiteStore.files(in: part) { unlink("\(part)/\(name)") }
            rmdir(part)
        }
    }

    private static func syncAll(in path: String) throws {
        for part in ["\(path)/tenants", "\(path)/witnessed", path] {
            for name in SQLiteStore.files(in: part) where name != ".." {
                try sync("\(part)/\(name)")
            }
        }
    }

    /// A stamp of which the folder has nothing yet.
    private static func freeStamp(_ stamp: String, in folder: String) -> String {
        let names = Set(SQLiteStore.files(in: folder))
        var free = stamp
        var number = 1
        while names.contains("replaced-\(free)") {
            number += 1
            free = "\(stamp)-\(number)"
        }
        return free
    }

    /// Refuses parts of the folder that are mounted: they cannot be moved, nor can files be moved into them.
    private static func refuseOtherFileSystems(in folder: String) throws {
        var own = stat()
        guard stat(folder, &own) == 0 else { throw failure(folder, "cannot be read") }
        let moved = SQLiteStore.files(in: folder).filter {
            ["tenants", "snapshots", SQLiteStore.cityFile].contains($0)
                || $0.hasPrefix(SQLiteStore.mainDatabase)
                || $0.hasPrefix(SQLiteStore.recordDatabase)
        }
        for name in moved + ["witnessed"] {
            var info = stat()
            // A link is moved itself; new files go to where the link `witnessed` leads.
            let path = "\(folder)/\(name)"
            let isThere = name == "witnessed" ? stat(path, &info) : lstat(path, &info)
            guard isThere == 0, info.st_dev != own.st_dev else { continue }
            throw StorageError(
                .failed,
                note: "\(path) is on another file system than \(folder), so it cannot be replaced: "
                    + "restore into an empty folder on one file system"
            )
        }
    }

    /// Makes a file, or the names in a folder, durable.
    private static func sync(_ path: String) throws {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure(path, "cannot be opened") }
        defer { _ = Glibc.close(file) }
        guard fsync(file) == 0 else { throw failure(path, "cannot be made durable") }
    }

    private static func failure(_ path: String, _ what: String) -> StorageError {
        let isFull = [ENOSPC, EDQUOT, EFBIG].contains(errno)
        let reason = String(cString: strerror(errno))
        return StorageError(isFull ? .diskFull : .failed, note: "\(path) \(what): \(reason)")
    }
}
