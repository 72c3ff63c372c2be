import Foundation
import Gateway
import Storage

extension DataFolder {
    /// The size of the hub's data, and the free space.
    func figures(_ store: any Store) async throws -> HubFigures {
        HubFigures(
            entities: try await store.entityCount(),
            databaseBytes: databaseBytes,
            disk: DiskSpace(ofFolder: path)
        )
    }

    /// The bytes of all databases with their logs, including tenants and snapshots.
    private var databaseBytes: Int {
        databaseFiles.reduce(0) { $0 + (attribute(.size, of: $1) as? Int ?? 0) }
    }

    /// The time of the last write to a database; nil when there was none.
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
