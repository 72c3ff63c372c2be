import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// A hub that asks a feed of GTFS-Realtime, as the publishers' own library writes it.
@Suite(.timeLimit(.minutes(3))) struct PolledRealtimeTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardized
    private static let python = repository.appending(path: ".build/publishers/bin/python").path

    private static let timetable = [
        "agency.txt":
            "agency_name,agency_url,agency_timezone\nCity,http://a.example,Asia/Bangkok\n",
        "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\nS1,Market,7.88,98.39\n",
        "routes.txt": "route_id,route_short_name,route_long_name,route_type\nR 1,1,Ring,3\n",
        "trips.txt": "route_id,service_id,trip_id\nR 1,daily,T1\n",
        "stop_times.txt":
            "trip_id,arrival_time,departure_time,stop_id,stop_sequence\nT1,08:10:00,08:10:00,S1,1\n",
    ]

    /// Writes the sources that are shipped, with the address of the test.
    private func define(at port: Substring, in folder: TestFolder) throws -> String {
        let sources = folder.path + "/sources"
        try FileManager.default.createDirectory(atPath: sources, withIntermediateDirectories: true)
        let files = [
            ("gtfs-vehicles", "vehicle-positions", "vehicles"), ("gtfs-alerts", "alerts", "alerts"),
            ("gtfs-trip-updates", "trip-updates", "trips"),
            ("gtfs-vehicles", "vehicle-positions", "damaged"),
        ]
        for (name, address, path) in files {
            let shipped = Self.repository.appending(path: "examples/sources/\(name).source.yaml")
            let definition = try String(contentsOf: shipped, encoding: .utf8).replacing(
                "https://transit.example/gtfs-realtime/\(address).pb",
                with: "http://127.0.0.1:\(port)/\(path).pb"
            )
            try definition.write(
                toFile: sources + "/\(path).source.yaml",
                atomically: true,
                encoding: .utf8
            )
        }
        return sources
    }

    private func importTimetable(in folder: TestFolder, to hub: RealHub) async throws {
        let path = folder.path + "/timetable"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (file, text) in Self.timetable {
            try text.write(toFile: path + "/" + file, atomically: true, encoding: .utf8)
        }
        let importing = try ChildProcess(
            ["import", "gtfs", path, "--feed", "city", "--hub", hub.url],
            log: folder.path + "/import.log"
        )
        #expect(await importing.ended() == .exited(0), "\(importing.errors)")
    }

    @Test func `vehicles, trips and alerts come in, and lead to the imported timetable`()
        async throws
    {
        try #require(
            FileManager.default.isExecutableFile(atPath: Self.python),
            "Run .ci/python-packages publishers first, as `make test` does."
        )
        let folder = try TestFolder()
        let script = Self.repository.appending(path: "Tests/HubTests/Sources/serve_realtime.py")
        let publisher = try ChildProcess(
            program: Self.python,
            [script.path],
            log: folder.path + "/publisher.log"
        )
        let serving = try #require(
            await publisher.line(with: "serving"),
            "\(publisher.errors)"
        )
        let port = try #require(serving.split(separator: " ").last)
        let sources = try define(at: port, in: folder)
        try await HubClient.with { client in
            let hub = try await RealHub(
                folder: folder,
                settings: ["BALAI_SOURCES_FOLDER": sources]
            )
            try await importTimetable(in: folder, to: hub)
            for name in ["vehicles", "trips", "alerts", "damaged"] {
                #expect(try await hasMessage(name, hub, client), "\(name): \(hub.process.errors)")
            }
            let bus = try await entity("Vehicle:city:bus%25207", hub, client)
            #expect(bus["speed"] == 8.5 && bus["currentStatus"] == "IN_TRANSIT_TO", "\(bus)")
            #expect(bus["silent"] == false)
            for name in ["hasTrip", "hasRoute", "hasStop"] {
                let target = try #require(bus[name]?.stringValue)
                let found = try await client.send(
                    .GET,
                    "/ngsi-ld/v1/entities/" + target.replacing("%", with: "%25"),
                    to: hub
                )
                #expect(found.isGood, "\(name) leads to \(target)")
            }
            let bare = try await entity("Vehicle:city:2", hub, client)
            #expect(bare["location"] != nil && bare["hasRoute"] == nil)
            let trip = try await entity("GtfsTripUpdate:city:T1", hub, client)
            #expect(trip["nextArrivalDelay"] == 120)
            #expect(trip["hasVehicle"] == "urn:ngsi-ld:Vehicle:city:bus%207")
            _ = try await entity("GtfsTripUpdate:city:R%25201", hub, client)
            let alert = try await entity("Alert:city:closed", hub, client)
            #expect(alert["headline"] == "ถนนปิด" && alert["effect"] == "DETOUR")
            let damaged = try await client.send(.GET, "/sources/v1/damaged", to: hub).json
            // It is asked for again and again while the test goes on.
            let refused = damaged.objectValue?["refused"]?.numberValue?.intValue ?? 0
            #expect(refused >= 1, "\(damaged)")
            #expect(await hub.stop() == .exited(0))
        }
        withExtendedLifetime(publisher) {}
    }

    private func hasMessage(
        _ name: String,
        _ hub: RealHub,
        _ client: HubClient
    ) async throws -> Bool {
        for _ in 0..<300 {
            let answer = try await client.send(.GET, "/sources/v1/\(name)", to: hub)
            if answer.isGood, try answer.json.objectValue?["messages"] != 0 { return true }
            try await Task.sleep(for: .milliseconds(100))
        }
        return false
    }

    private func entity(
        _ id: String,
        _ hub: RealHub,
        _ client: HubClient
    ) async throws -> JSONObject {
        let path = "/ngsi-ld/v1/entities/urn:ngsi-ld:\(id)?options=keyValues"
        let answer = try await client.send(.GET, path, to: hub)
        #expect(answer.isGood, "\(id): \(answer.text)")
        return try answer.json.objectValue ?? JSONObject()
    }
}
