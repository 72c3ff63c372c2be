import Foundation

extension Bench {
    /// Entities created 1,000 a request, against plain SQLite taking the same rows.
    func batchCreate() throws {
        let entities = scale.pick(quick: 10_000, usual: 50_000)
        let batchSeconds = try withHub("batch") { hub in
            let measured = try batches(0..<entities, of: hub)
            report.add(
                Row(
                    "Batch create, 1,000 entities a request",
                    figure: "\(short(measured.perSecond * 1000)) entities/s, p50 of a request "
                        + "\(measured.latencyMicroseconds(share: 0.5) / 1000) ms",
                    targets: [.atLeast(15_000, "entities/s", measured.perSecond * 1000)]
                )
            )
            return measured.seconds
        }
        let rows = try PlainRows(ofDatabase: try database(of: "batch"))
        let plainSeconds = try rows.insert(
            into: data("plain.sqlite"),
            transactions: entities / 1_000
        )
        let ratio = plainSeconds / batchSeconds
        report.add(
            Row(
                "Plain SQLite, the same \(short(Double(rows.count))) rows, tables and indexes",
                figure: "\(short(Double(entities) / plainSeconds)) entities/s",
                ratio: String(format: "batch create is %.2f of it", ratio),
                targets: [.atLeast(0.3, "of plain SQLite", ratio)]
            )
        )
    }

    /// The largest SQLite file of a hub's folder: its default tenant's.
    private func database(of hub: String) throws -> URL {
        let files = FileManager.default.enumerator(
            at: data(hub),
            includingPropertiesForKeys: [.fileSizeKey]
        )
        let databases = (files?.compactMap { $0 as? URL } ?? [])
            .filter { $0.pathExtension == "sqlite" }
        func size(_ url: URL) -> Int {
            (try? url.resourceValues(forKeys: [.fileSizeKey]))?.fileSize ?? 0
        }
        guard let largest = databases.max(by: { size($0) < size($1) }) else {
            throw BenchmarkError("no database in \(data(hub).path)")
        }
        return largest
    }
}
