import ContextModel
import Foundation
import Testing

/// Metro Manila's own feed, imported by the real command into a real hub.
///
/// Only the first of its 79,414 stop times are imported, because an unoptimised hub is slow;
/// `GTFSFeedTests` reads them all.
@Suite struct MetroManilaTests {
    private static let stopTimes = 3_000

    @Test(.enabled(if: RealData.manila != nil, "Metro Manila's feed is missing"))
    func `the counts of the feed are found, and so is everything near a station`()
        async throws
    {
        let feed = try #require(RealData.manila)
        try await withTemporaryFolder { path in
            let hub = try RunningHub(path)
            try shorten(feed, into: path + "/manila")
            for _ in 0..<2 {
                let end = try hub.importing(["gtfs", path + "/manila"]).end()
                #expect(end.code == 0, "\(end.errors)")
            }
            let expected = [
                "GtfsAgency": 6, "GtfsStop": 4_858, "GtfsRoute": 1_717, "GtfsTrip": 1_864,
                "GtfsFrequency": 1_864, "GtfsStopTime": Self.stopTimes,
            ]
            for (type, count) in expected { #expect(try await hub.count(type) == count, "\(type)") }
            let answer = try await hub.get(
                "/ngsi-ld/v1/entities",
                [
                    "type": "GtfsStop", "georel": "near;maxDistance==500", "geometry": "Point",
                    "coordinates": "[120.998,14.5339]", "limit": "1000",
                ]
            )
            let found = (answer.json.arrayValue ?? []).compactMap {
                $0.objectValue?["id"]?.stringValue?.split(separator: ":").last.map(String.init)
            }
            let near = try nearBaclaran(feed + "/stops.txt")
            #expect(near.count > 5)
            #expect(found.sorted() == near.sorted())
            try hub.stop()
        }
    }

    /// Copies the feed with the first stop times only.
    private func shorten(_ feed: String, into copy: String) throws {
        try FileManager.default.copyItem(atPath: feed, toPath: copy)
        let file = copy + "/stop_times.txt"
        let lines = try String(contentsOfFile: file, encoding: .utf8)
            .split(separator: "\n").prefix(Self.stopTimes + 1)
        try FileManager.default.removeItem(atPath: file)
        try lines.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
    }

    /// The identifiers of the file's stops within 500 m of Baclaran's station, computed one by
    /// one.
    private func nearBaclaran(_ file: String) throws -> [String] {
        let lines = try String(contentsOfFile: file, encoding: .utf8)
            .split(whereSeparator: \.isNewline).map(fields)
        let header = try #require(lines.first)
        let columns = try ["stop_id", "stop_lat", "stop_lon"].map {
            try #require(header.firstIndex(of: $0))
        }
        return lines.dropFirst().compactMap { row in
            guard let north = Double(row[columns[1]]), let east = Double(row[columns[2]]) else {
                return nil
            }
            return meters(14.5339, 120.998, north, east) <= 500 ? row[columns[0]] : nil
        }
    }

    /// The fields of a line without quotes; no field of this file contains a quote.
    private func fields(_ line: Substring) -> [String] {
        var fields = [""]
        var isQuoted = false
        for character in line where character != "\u{FEFF}" {
            if character == "\"" {
                isQuoted.toggle()
            } else if character == ",", !isQuoted {
                fields.append("")
            } else {
                fields[fields.count - 1].append(character)
            }
        }
        return fields
    }

    private func meters(
        _ north: Double,
        _ east: Double,
        _ north2: Double,
        _ east2: Double
    ) -> Double {
        let radian = Double.pi / 180
        let across = sin((east2 - east) * radian / 2)
        let along = sin((north2 - north) * radian / 2)
        let share = along * along + cos(north * radian) * cos(north2 * radian) * across * across
        return 2 * 6_371_008.8 * asin(share.squareRoot())
    }
}
