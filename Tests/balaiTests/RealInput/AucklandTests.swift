import ContextModel
import Foundation
import Testing

/// Auckland's pedestrian counts, imported by the real command into a real hub.
///
/// Only the first weeks of the file are imported, because an unoptimised hub is slow; `make bench`
/// imports all of it.
@Suite struct AucklandTests {
    private static let rows = 1_600
    private static let weeks = 8

    @Test(.enabled(if: RealData.auckland != nil, "Auckland's pedestrian counts are missing"))
    func `weekly totals of the temporal API are the sums of the file, without gaps`() async throws {
        let data = try #require(RealData.auckland)
        try await withTemporaryFolder { path in
            let hub = try RunningHub(path)
            let table = path + "/hourly_counts.csv"
            let lines = try String(contentsOfFile: data + "/hourly_counts.csv", encoding: .utf8)
                .split(separator: "\n").prefix(Self.rows + 1)
                .map { $0.split(separator: ",", omittingEmptySubsequences: false) }
            try lines.map { $0.joined(separator: ",") }.joined(separator: "\n")
                .write(toFile: table, atomically: true, encoding: .utf8)
            try FileManager.default.copyItem(
                atPath: data + "/locations.csv",
                toPath: path + "/locations.csv"
            )
            let map = "examples/auckland/pedestrians.map.yaml"
            let cells = lines.dropFirst().flatMap { $0.dropFirst(3) }
            let readings = cells.filter { !$0.isEmpty }.count
            for _ in 0..<2 {
                let end = try hub.importing(["csv", table, "--map", map]).end()
                #expect(end.code == 0, "\(end.errors)")
                #expect(end.output.contains("21 entities, \(readings) readings, no failures"))
            }
            for column in lines[0].indices.dropFirst(3) {
                let totals = try await weeklyTotals(of: String(lines[0][column]), hub)
                #expect(totals == sums(column, lines.dropFirst()), "\(lines[0][column])")
            }
            try hub.stop()
        }
    }

    /// The weekly sums of a column by the file's own dates, the first week from Monday, 7 January.
    private func sums(_ column: Int, _ rows: ArraySlice<[Substring]>) -> [Double] {
        var sums = [Double?](repeating: nil, count: Self.weeks)
        for row in rows {
            guard let day = Timestamp("\(row[0])T00:00:00Z"), let count = Double(row[column]),
                day >= Self.monday
            else { continue }
            let week = Int((day.microseconds - Self.monday.microseconds) / Self.weekMicroseconds)
            if week < Self.weeks { sums[week] = (sums[week] ?? 0) + count }
        }
        return sums.compactMap(\.self)
    }

    private static let monday = Timestamp(microseconds: 1_546_819_200_000_000)
    private static let weekMicroseconds: Int64 = 7 * 86_400_000_000

    /// The file's day begins at 6:00, which is 17:00 UTC of the day before in Auckland's summer.
    private func weeklyTotals(of sensor: String, _ hub: RunningHub) async throws -> [Double] {
        let start = Timestamp(microseconds: Self.monday.microseconds - 7 * 3_600_000_000)
        let end = start.microseconds + Int64(Self.weeks) * Self.weekMicroseconds
        let allowed = CharacterSet.alphanumerics.union(["-", ".", "_", "~"])
        let name = sensor.addingPercentEncoding(withAllowedCharacters: allowed) ?? sensor
        let answer = try await hub.get(
            "/ngsi-ld/v1/temporal/entities",
            [
                "type": "CrowdFlowObserved",
                "id": "urn:ngsi-ld:CrowdFlowObserved:auckland:" + name,
                "timerel": "between", "timeAt": start.text,
                "endTimeAt": Timestamp(microseconds: end).text, "options": "aggregatedValues",
                "aggrMethods": "sum", "aggrPeriodDuration": "P7D", "attrs": "peopleCount",
            ]
        ).json
        let sums = answer.arrayValue?.first?.objectValue?["peopleCount"]?.objectValue?["sum"]
        return (sums?.arrayValue ?? []).compactMap {
            $0.arrayValue?.first?.numberValue?.doubleValue
        }
    }
}
