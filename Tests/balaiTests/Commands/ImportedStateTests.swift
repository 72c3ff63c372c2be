import ContextModel
import Foundation
import Testing

/// The real command imports current state into a real hub.
@Suite struct ImportedStateTests {
    private static let map = """
        type: AirQualityObserved
        id: "urn:ngsi-ld:AirQualityObserved:{site}"
        time: {column: when}
        attributes: {pm25: {column: pm, as: number}}

        """
    private static let air = "urn:ngsi-ld:AirQualityObserved:a"

    private func write(_ text: String, _ path: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    private func load(_ rows: [String], _ keys: String, _ hub: RunningHub) throws {
        let path = hub.folder
        try write(Self.map + keys, path + "/map.yaml")
        try write((["site,when,pm"] + rows).joined(separator: "\n"), path + "/air.csv")
        let end = try hub.importing(["csv", path + "/air.csv", "--map", path + "/map.yaml"]).end()
        #expect(end.code == 0, "\(end.errors)")
    }

    /// The attribute's value, nil when the entity has no such attribute.
    private func current(_ hub: RunningHub, _ id: String, _ name: String) async throws -> JSONValue?
    {
        let entity = try await hub.get("/ngsi-ld/v1/entities/\(id)", ["format": "simplified"]).json
        return entity.objectValue?[name]
    }

    private func past(_ hub: RunningHub) async throws -> Int {
        let answer = try await hub.get(
            "/ngsi-ld/v1/temporal/entities/\(Self.air)",
            ["timerel": "after", "timeAt": "1900-01-01T00:00:00Z", "format": "temporalValues"]
        ).json
        return answer.objectValue?["pm25"]?.objectValue?["values"]?.arrayValue?.count ?? 0
    }

    @Test(arguments: ["history: true", ""])
    func `the newest reading is current for any order of files, and repeats change nothing`(
        keys: String
    ) async throws {
        try await withTemporaryFolder { path in
            let hub = try RunningHub(path)
            for _ in 0..<2 {
                try load(["a,2026-01-05,5", "a,2026-01-04,4", "a,2026-01-06,6"], keys, hub)
                #expect(try await current(hub, Self.air, "pm25") == 6)
                #expect(try await past(hub) == 3)
            }
            try load(["a,2026-01-01,1", "a,2026-01-02,2", "a,1969-12-31,0"], keys, hub)
            #expect(try await current(hub, Self.air, "pm25") == 6)
            #expect(try await past(hub) == 6)
            try load(["a,2026-01-06,7"], keys, hub)
            #expect(try await current(hub, Self.air, "pm25") == 7, "a correction counts")
            #expect(try await past(hub) == 6)
            try hub.stop()
        }
    }

    @Test func `a map with current false writes history alone`() async throws {
        try await withTemporaryFolder { path in
            let hub = try RunningHub(path)
            try load(["a,2026-01-05,5"], "history: true\ncurrent: false", hub)
            #expect(try await current(hub, Self.air, "pm25") == nil)
            #expect(try await past(hub) == 1)
            try hub.stop()
        }
    }

    @Test func `the counters of the example map show their newest counts`() async throws {
        try await withTemporaryFolder { path in
            let hub = try RunningHub(path)
            try write(
                """
                date,hour,year,North,South
                2025-12-31,6:00-6:59,2025,4.0,7.0
                2025-12-31,0:00-0:59,2025,9.0,
                """,
                path + "/hourly_counts.csv"
            )
            try write(
                "Address,Latitude,Longitude\nNorth,-36.8,174.7\nSouth,-36.9,174.8\n",
                path + "/locations.csv"
            )
            let map = "examples/auckland/pedestrians.map.yaml"
            let arguments = ["csv", path + "/hourly_counts.csv", "--map", map]
            let end = try hub.importing(arguments).end()
            #expect(end.output.contains("2 entities, 3 readings, no failures"), "\(end)")
            let id = "urn:ngsi-ld:CrowdFlowObserved:auckland:"
            #expect(try await current(hub, id + "North", "peopleCount") == 9)
            #expect(try await current(hub, id + "South", "peopleCount") == 7)
            try hub.stop()
        }
    }
}
