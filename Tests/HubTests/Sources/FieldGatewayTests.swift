import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// A hub in a process of its own that listens, with the maps that are shipped, to what networks of devices publish:
/// ChirpStack by its own types, The Things Stack, and ThingsBoard's gateway with a pump that speaks Modbus.
@Suite(.timeLimit(.minutes(5))) struct FieldGatewayTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardized

    private static func python(_ group: String) throws -> String {
        let path = repository.appending(path: ".build/\(group)/bin/python").path
        try #require(
            FileManager.default.isExecutableFile(atPath: path),
            "Run .ci/python-packages \(group) first, as `make test` does."
        )
        return path
    }

    private static func script(_ name: String) -> String {
        repository.appending(path: "Tests/HubTests/Sources/\(name)").path
    }

    /// Writes shipped definitions with a broker of the test; returns their folder.
    private func define(
        _ names: [String],
        at broker: SecureBroker,
        in folder: TestFolder
    ) throws -> String {
        let sources = folder.path + "/sources"
        try FileManager.default.createDirectory(atPath: sources, withIntermediateDirectories: true)
        for name in names {
            let shipped = Self.repository.appending(path: "examples/sources/\(name).source.yaml")
            let lines = try String(contentsOf: shipped, encoding: .utf8)
                .split(separator: "\n", omittingEmptySubsequences: false)
                .filter { !$0.hasPrefix("  user: ") && !$0.hasPrefix("  password: ") }
                .map { line in
                    guard line.hasPrefix("  broker: ") else { return String(line) }
                    return "  broker: mqtts://localhost:\(broker.port)\n"
                        + "  authority: {file: authority.pem}"
                }
            try lines.joined(separator: "\n").write(
                toFile: "\(sources)/\(name).source.yaml",
                atomically: true,
                encoding: .utf8
            )
        }
        return sources
    }

    /// Runs a hub that is connected to the broker by the shipped definitions.
    private func withHub(
        _ names: [String],
        _ body: (RealHub, HubClient, SecureBroker, TestFolder) async throws -> Void
    ) async throws {
        let folder = try TestFolder()
        let certificates = try await Certificates(folder, for: "localhost")
        let broker = try await SecureBroker(folder, certificates)
        let sources = try define(names, at: broker, in: folder)
        try await HubClient.with { client in
            let hub = try await RealHub(
                folder: folder,
                settings: [
                    "BALAI_SOURCES_FOLDER": sources, "BALAI_SOURCES_SECRETS": folder.path,
                ]
            )
            for name in names {
                let isConnected = try await waits {
                    try await source(name, at: hub, client)["connected"] == true
                }
                #expect(isConnected, "\(hub.process.errors)")
            }
            try await body(hub, client, broker, folder)
            #expect(await hub.stop() == .exited(0))
        }
    }

    private func waits(_ isGood: () async throws -> Bool) async throws -> Bool {
        for _ in 0..<600 {
            if try await isGood() { return true }
            try await Task.sleep(for: .milliseconds(100))
        }
        return false
    }

    private func source(
        _ name: String,
        at hub: RealHub,
        _ client: HubClient
    ) async throws -> JSONObject {
        let answer = try await client.send(.GET, "/sources/v1/\(name)", to: hub)
        return try answer.json.objectValue ?? [:]
    }

    /// The entity; empty while there is none.
    private func entity(
        _ id: String,
        at hub: RealHub,
        _ client: HubClient,
        _ parameters: String = "?format=simplified"
    ) async throws -> JSONObject {
        let answer = try await client.send(
            .GET,
            "/ngsi-ld/v1/entities/urn:ngsi-ld:Device:\(id)\(parameters)",
            to: hub
        )
        return answer.isGood ? try answer.json.objectValue ?? [:] : [:]
    }

    @Test func `LoRaWAN uplinks and states of batteries become devices`() async throws {
        let python = try Self.python("publishers")
        try await withHub(["chirpstack", "things-stack"]) { hub, client, broker, folder in
            let publisher = try ChildProcess(
                program: python,
                [
                    Self.script("lorawan_uplinks.py"), "\(broker.port)",
                    folder.path + "/authority.pem",
                ],
                log: folder.path + "/publisher.log"
            )
            #expect(await publisher.line(with: "published") != nil, "\(publisher.errors)")
            for (name, messages) in [("chirpstack", 6), ("things-stack", 3)] {
                let isTold = try await waits {
                    try await source(name, at: hub, client)["messages"]?.numberValue?.intValue
                        == messages
                }
                #expect(isTold)
                #expect(try await source(name, at: hub, client)["refused"] == 0)
            }
            try await checkBins(hub, client)
            try await checkBench(hub, client)
        }
    }

    private func checkBins(_ hub: RealHub, _ client: HubClient) async throws {
        let bin = try await entity("0101010101010101", at: hub, client)
        #expect(bin["name"] == "Bin 1" && bin["fill"] == 40.5 && bin["open"] == false)
        #expect(bin["snr"] == 0 && bin["rssi"] == -90 && bin["frameCount"] == 1)
        #expect(bin["location"] == ["type": "Point", "coordinates": [98.3, 7.9]])
        #expect(bin["batteryLevel"] == 62.5 && bin["margin"] == 7)
        #expect(bin["externalPowerSource"] == false)
        // What was 0, and so was left out, is there.
        let past = try await client.send(
            .GET,
            "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Device:0101010101010101"
                + "?attrs=fill,frameCount&timerel=after&timeAt=2026-01-01T00:00:00Z"
                + "&options=temporalValues",
            to: hub
        ).json.objectValue
        let moments: [JSONValue] = ["2026-05-01T08:00:00.250Z", "2026-05-01T08:10:00.250Z"]
        #expect(
            past?["fill"]?.objectValue?["values"] == [[0, moments[0]], [40.5, moments[1]]],
            "\(past?["fill"] ?? .null)"
        )
        #expect(
            past?["frameCount"]?.objectValue?["values"] == [[0, moments[0]], [1, moments[1]]]
        )
        let empty = try await entity("0101010101010102", at: hub, client)
        #expect(empty["batteryLevel"] == 0 && empty["margin"] == 0)
        let unknown = try await entity("0101010101010103", at: hub, client)
        #expect(unknown["batteryLevel"] == nil && unknown["margin"] == -3)
        let powered = try await entity("0101010101010104", at: hub, client)
        #expect(powered["batteryLevel"] == nil && powered["externalPowerSource"] == true)
    }

    private func checkBench(_ hub: RealHub, _ client: HubClient) async throws {
        let bench = try await entity("0004A30B001C0530", at: hub, client)
        #expect(bench["name"] == "bench-3" && bench["temperature"] == 31 && bench["wet"] == false)
        #expect(bench["frameCount"] == 3 && bench["snr"] == 0)
        #expect(bench["location"] == ["type": "Point", "coordinates": [98.35, 7.8]])
        let whole = try await entity("0004A30B001C0530", at: hub, client, "")
        let battery = whole["batteryLevel"]?.objectValue
        #expect(battery?["value"] == 94.88189 && battery?["unitCode"] == "P1")
        #expect(battery?["observedAt"] == "2026-05-01T07:20:00.500Z")
    }

    @Test func `a Modbus pump behind ThingsBoard's gateway becomes a device`() async throws {
        let python = try Self.python("gateway")
        try await withHub(["thingsboard-gateway"]) { hub, client, broker, folder in
            let gateway = try ChildProcess(
                program: python,
                [Self.script("modbus_gateway.py"), folder.path, "\(broker.port)"],
                log: folder.path + "/gateway.log"
            )
            defer { gateway.send(SIGKILL) }
            let isThere = try await waits {
                let pump = try await entity("Pump%25201", at: hub, client)
                return pump["temperature"] == 21.5 && pump["power"] == 3.2
            }
            #expect(isThere, "\(gateway.errors.suffix(2_000))")
            let pump = try await entity("Pump%25201", at: hub, client)
            #expect(pump["relay"] == true && pump["connected"] == true)
            #expect(pump["deviceType"] == "pump" && pump["connectorType"] == "modbus")
            #expect(try await source("thingsboard-gateway", at: hub, client)["refused"] == 0)
        }
    }
}
