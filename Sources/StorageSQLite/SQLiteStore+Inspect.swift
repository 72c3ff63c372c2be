internal import Storage

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

extension SQLiteStore {
    /// What SQLite finds wrong with the database files of a folder; nothing when all are sound.
    ///
    /// Reads only, and may be used while a hub runs with the folder. Takes as long as it takes to
    /// read the files.
    package static func inspect(folder: String) -> [String] {
        databasePaths(in: folder).flatMap { path in
            do {
                return try findings(in: path).map { "\(path): \($0)" }
            } catch let error as StorageError {
                return ["\(path): \(error.note)"]
            } catch {
                return ["\(path): \(error)"]
            }
        }
    }

    private static func databasePaths(in folder: String) -> [String] {
        [folder, "\(folder)/tenants", "\(folder)/snapshots"].flatMap { directory in
            files(in: directory).filter { $0.hasSuffix(".sqlite") }
                .map { "\(directory)/\($0)" }.sorted()
        }
    }

    private static func findings(in path: String) throws -> [String] {
        let connection = try Connection(path: path, access: .readOnly)
        let check = try connection.prepare("PRAGMA quick_check(10)")
        var findings: [String] = []
        while try check.step() {
            let finding = check.text(0)
            if finding != "ok" { findings.append(finding) }
        }
        return findings
    }
}
