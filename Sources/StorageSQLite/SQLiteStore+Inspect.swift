package import Storage

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

extension SQLiteStore {
    /// Returns what SQLite finds wrong with the database files of a folder, and what `problem`
    /// finds wrong with documents of these kinds; empty when all are sound.
    ///
    /// It only reads, may be used while a hub runs with the folder, and takes as long as reading
    /// the files.
    package static func inspect(
        folder: String,
        documents kinds: [Document.Kind] = [],
        _ problem: (Document) -> String? = { _ in nil }
    ) -> [String] {
        databasePaths(in: folder).flatMap { path in
            do {
                return try findings(in: path, kinds, problem).map { "\(path): \($0)" }
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

    private static func findings(
        in path: String,
        _ kinds: [Document.Kind],
        _ problem: (Document) -> String?
    ) throws -> [String] {
        let connection = try Connection(path: path, access: .readOnly)
        let check = try connection.prepare("PRAGMA quick_check(10)")
        var findings: [String] = []
        while try check.step() {
            let finding = check.text(0)
            if finding != "ok" { findings.append(finding) }
        }
        guard findings.isEmpty, try connection.hasDocuments else { return findings }
        return try kinds.flatMap { try connection.plainDocuments($0) }.compactMap(problem)
    }
}

extension Connection {
    /// Whether the file belongs to a hub and has documents.
    fileprivate var hasDocuments: Bool {
        get throws {
            try prepare("SELECT 1 FROM sqlite_schema WHERE name = 'document'").step()
        }
    }

    /// Reads documents without owners: a file of an earlier version has none.
    fileprivate func plainDocuments(_ kind: Document.Kind) throws -> [Document] {
        try documents(
            of: kind,
            in: prepare("SELECT id, body, NULL FROM document WHERE kind = ?1 ORDER BY number")
                .bind(1, kind.rawValue)
        )
    }
}
