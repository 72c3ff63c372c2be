import Foundation
import Gateway
import Glibc
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
        databaseFiles.reduce(0) { sum, file in
            var status = stat()
            return stat(file, &status) == 0 ? sum + Int(status.st_size) : sum
        }
    }

    /// When the hub last wrote to a database; nil when it never did.
    var lastWrittenAt: Date? {
        databaseFiles.compactMap { file in
            var status = stat()
            guard stat(file, &status) == 0 else { return nil }
            return Date(timeIntervalSince1970: Double(status.st_mtim.tv_sec))
        }.max()
    }

    private var databaseFiles: [String] {
        [path, path + "/tenants", path + "/snapshots"].flatMap { folder in
            let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
            return (names ?? []).filter { $0.contains(".sqlite") }.map { "\(folder)/\($0)" }
        }
    }
}
