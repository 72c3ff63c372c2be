import Archives
import ContextModel
import NIOHTTP1

/// Files that take as long to read as possible.
extension Attack {
    static let files = [hostileFeeds, hostileArchives, hostileTables]

    static let hostileFeeds = Attack(name: "feeds that are hard to read", workers: 4) {
        attacker,
        number in
        await attacker.sendApart(
            .POST,
            "/hub/imports/gtfs?feed=bad",
            feeds[number % feeds.count],
            "application/zip"
        )
    }

    /// Feeds with more identifiers or points than memory is allowed for, with a text without an
    /// end, and with rows whose references all lead nowhere.
    private static let feeds: [[UInt8]] = [
        feed(["stops.txt": stops(120_000)]),
        feed([
            "stops.txt": stops(1),
            "shapes.txt": table("shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence", 150_000) {
                "s\($0 / 50_000),7.9,98.3,\($0)"
            },
        ]),
        feed([
            "stops.txt": Array("stop_id,stop_name\na,\"".utf8)
                + [UInt8](repeating: 34, count: 8 << 20)
        ]),
        feed([
            "stops.txt": stops(1),
            "stop_times.txt": table("trip_id,stop_id,stop_sequence,arrival_time", 150_000) {
                "t\($0),nowhere\($0),\($0),08:00:00"
            },
        ]),
    ]

    static let hostileArchives = Attack(name: "archives that say what is not so", workers: 4) {
        attacker,
        number in
        await attacker.sendApart(
            .POST,
            "/hub/imports/gtfs?feed=bad",
            archives[number % archives.count],
            "application/zip"
        )
    }

    /// Archives of very many entries, of files whose sizes overflow when added, and of a file of 1
    /// GB.
    private static let archives: [[UInt8]] = [
        Archive.listing(2_000_000),
        Archive.claiming(1 << 62, for: Archive.smallFeed),
        Archive.lineEnds(mebibytes: 1_024, in: "stops.txt"),
    ]

    private static func feed(_ tables: [String: [UInt8]]) -> [UInt8] {
        var files = tables
        files["agency.txt"] = Array("agency_id,agency_name\na,A\n".utf8)
        files["routes.txt"] = Array("route_id,route_type\nr,3\n".utf8)
        files["trips.txt"] = Array("route_id,service_id,trip_id\nr,s,t\n".utf8)
        files["stop_times.txt"] = tables["stop_times.txt"] ?? Array("trip_id,stop_id\n".utf8)
        return Archive.bytes(
            files.sorted { $0.key < $1.key }.map { (name: $0.key, content: $0.value) }
        )
    }

    private static func stops(_ count: Int) -> [UInt8] {
        table("stop_id,stop_name,stop_lat,stop_lon", count) {
            "stop-with-a-long-identifier-\($0),Stop \($0),7.\(100 + $0 % 800),98.3"
        }
    }

    private static func table(_ head: String, _ count: Int, _ row: (Int) -> String) -> [UInt8] {
        Array("\(head)\n\((0..<count).map(row).joined(separator: "\n"))\n".utf8)
    }

    static let hostileTables = Attack(name: "tables that are hard to read", workers: 4) {
        attacker,
        number in
        await attacker.sendApart(
            .POST,
            "/hub/imports/csv?map=\(SharedHub.map)",
            tables[number % tables.count],
            "text/csv"
        )
    }

    /// Very many empty rows, rows of very many columns, rows that are all invalid, and one long
    /// text.
    private static let tables: [[UInt8]] = [
        Array("id,value\n".utf8) + [UInt8](repeating: 10, count: 8 << 20),
        Array("id,value\nx".utf8) + [UInt8](repeating: 44, count: 8 << 20),
        table("id,value", 200_000) { "b\($0),no number \($0)" },
        Array("id,value\na,\"".utf8) + [UInt8](repeating: 120, count: 8 << 20),
    ]
}
