import Foundation
import Gateway
import Storage

extension DataFolder {
    /// How much the hub keeps here, and how much room there is.
    func figures(_ store: any Store) async throws -> HubFigures {
        HubFigures(
            entities: try await store.entityCount(),
            databaseBytes: databaseBytes,
            disk: DiskSpace(ofFolder: path)
        )
    }

    /// The size of the databases with their logs, of tenants and snapshots, too.
    private var databaseBytes: Int {
        databaseFiles.reduce(0) { $0 + (attribute(.size, of: $1) as? Int ?? 0) }
    }

    /// When the hub last wrote to a database; nil when it never did.
    var lastWrittenAt: Date? {
        databaseFiles.compactMap { attribute(.modificationDate, of: $0) as? Date }.max()
    }

    /// nil where the file is gone by now.
    private func attribute(_ key: FileAttributeKey, of file: String) -> Any? {
        try? FileManager.default.attributesOfItem(atPath: file)[key]
    }

    private var databaseFiles: [String] {
        [path, path + "/tenants", path + "/snapshots"].flatMap { folder in
            let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
            return (names ?? []).filter { $0.contains(".sqlite") }.map { "\(folder)/\($0)" }
        }
    }
}
