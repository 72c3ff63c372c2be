import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// A hub in a process of its own, connected as docs/connecting.md says.
@Suite(.timeLimit(.minutes(3))) struct ConnectedSourcesTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardized
    private static let python = repository.appending(path: ".build/publishers/bin/python").path

    /// The definition in the document that begins so.
    private func documented(_ beginning: String) throws -> String {
        let page = try String(
            contentsOf: Self.repository.appending(path: "docs/connecting.md"),
            encoding: .utf8
        )
        let block = page.components(separatedBy: "```yaml\n").dropFirst()
            .compactMap { $0.components(separatedBy: "\n```").first }
            .first { $0.hasPrefix(beginning) }
        return try #require(block) + "\n"
    }

    /// Waits until the answer is good.
    private func wait(
        _ path: String,
        at hub: RealHub,
        _ client: HubClient,
        until isGood: (JSONValue) -> Bool
    ) async throws -> Bool {
        for _ in 0..<300 {
            let answer = try await client.send(.GET, path, to: hub)
            if answer.isGood, isGood(try answer.json) { return true }
            try await Task.sleep(for: .milliseconds(100))
        }
        return false
    }

    /// Writes the map that is shipped, with a broker of the test; the authority is a file of secrets.
    ///
    /// Returns the folder of sources.
    private func define(
        _ version: String,
        at broker: SecureBroker,
        in folder: TestFolder
    ) throws -> String {
        let shipped = Self.repository.appending(path: "examples/sources/chirpstack.source.yaml")
        let definition = try String(contentsOf: shipped, encoding: .utf8).replacing(
            "  broker: mqtt://localhost:1883\n",
            with: """
                  broker: mqtts://localhost:\(broker.port)
                  version: "\(version)"
                  authority: {file: authority.pem}

                """
        )
        let sources = folder.path + "/sources"
        try FileManager.default.createDirectory(atPath: sources, withIntermediateDirectories: true)
        try definition.write(
            toFile: sources + "/lora.source.yaml",
            atomically: true,
            encoding: .utf8
        )
        return sources
    }

    /// Publishes twenty uplinks and one that is no JSON, each twice.
    private func publish(
        _ version: String,
        at broker: SecureBroker,
        _ certificates: Certificates,
        _ folder: TestFolder
    ) throws -> ChildProcess {
        let uplinks = (0..<20).map { number in
            "application/1/device/bin-\(number % 5)/event/up\t"
                + #"{"deduplicationId": "\#(number)", "time": "2026-05-01T08:00:\#(10 + number)Z", "#
                + #""deviceInfo": {"deviceName": "Bin"}, "object": {"fill": \#(number)}, "#
                + #""rxInfo": [{"rssi": -90}]}"#
        }
        let file = folder.path + "/uplinks.tsv"
        try (uplinks + ["application/1/device/x/event/up\tno JSON"]).joined(separator: "\n")
            .write(toFile: file, atomically: true, encoding: .utf8)
        let script = "Tests/HubTests/Sources/publish_uplinks.py"
        return try ChildProcess(
            program: Self.python,
            [
                Self.repository.appending(path: script).path, "\(broker.port)",
                certificates.authority, version, file,
            ],
            log: folder.path + "/publisher.log"
        )
    }

    @Test(arguments: ["3.1.1", "5.0"])
    func `uplinks that Paho publishes over TLS become devices, each once`(
        version: String
    ) async throws {
        try #require(
            FileManager.default.isExecutableFile(atPath: Self.python),
            "Run .ci/python-packages publishers first, as `make test` does."
        )
        let folder = try TestFolder()
        let certificates = try await Certificates(folder, for: "localhost")
        let broker = try await SecureBroker(folder, certificates)
        let sources = try define(version, at: broker, in: folder)
        try await HubClient.with { client in
            let hub = try await RealHub(
                folder: folder,
                settings: [
                    "BALAI_SOURCES_FOLDER": sources, "BALAI_SOURCES_SECRETS": folder.path,
                ]
            )
            let isConnected = try await wait("/sources/v1/lora", at: hub, client) {
                $0.objectValue?["connected"] == true
            }
            #expect(isConnected, "\(hub.process.errors)")
            let publisher = try publish(version, at: broker, certificates, folder)
            #expect(await publisher.line(with: "published") != nil, "\(publisher.errors)")
            let isTold = try await wait("/sources/v1/lora", at: hub, client) {
                $0.objectValue?["messages"] == 42
            }
            #expect(isTold)
            let shown = try await client.send(.GET, "/sources/v1/lora", to: hub).json.objectValue
            #expect(shown?["repeated"] == 20 && shown?["refused"] == 2 && shown?["entities"] == 20)
            let history = try await client.send(
                .GET,
                "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Device:bin-3?attrs=fill"
                    + "&timerel=after&timeAt=2026-01-01T00:00:00Z&options=temporalValues",
                to: hub
            )
            let values = try history.json.objectValue?["fill"]?.objectValue?["values"]?.arrayValue
            #expect(values?.count == 4, "\(history.text)")
            let metrics = try await client.send(.GET, "/metrics", to: hub).text
            #expect(metrics.contains("balai_source_messages_total{source=\"lora\"} 42"))
            #expect(await hub.stop() == .exited(0))
        }
    }

    @Test func `the webhook of the document works as it says, and no secret is shown`() async throws
    {
        let folder = try TestFolder()
        let secret = "a-secret-of-the-test"
        try await HubClient.with { client in
            let hub = try await RealHub(folder: folder, settings: ["BALAI_SOURCE_AIR": secret])
            let made = try await client.send(
                .PUT,
                "/sources/v1/air",
                to: hub,
                headers: [("Content-Type", "application/yaml")],
                body: Array(try documented("webhook: {bearer").utf8)
            )
            #expect(made.status == 201, "\(made.text)")
            let reading = """
                {"station": "north", "at": "2026-05-01T08:00:00Z", "pm25": 12.5,
                 "place": {"lat": 7.88, "lon": 98.39}}
                """
            for (token, status) in [(secret, 204), ("wrong", 401), (secret, 204)] {
                let answer = try await client.send(
                    .POST,
                    "/sources/air",
                    to: hub,
                    headers: [("Authorization", "Bearer \(token)")],
                    body: Array(reading.utf8)
                )
                #expect(answer.status == status)
            }
            let entity = try await client.send(
                .GET,
                "/ngsi-ld/v1/entities/urn:ngsi-ld:AirQualityObserved:north?format=simplified",
                to: hub
            ).json.objectValue
            #expect(entity?["pm25"] == 12.5)
            for path in ["/sources", "/sources/v1", "/metrics", "/openapi.json"] {
                let answer = try await client.send(.GET, path, to: hub)
                #expect(answer.isGood && !answer.text.contains(secret))
            }
            // The hub is stopped hard: what was acknowledged is there.
            await hub.kill()
            let next = try await RealHub(folder: folder, settings: ["BALAI_SOURCE_AIR": secret])
            let again = try await client.send(
                .GET,
                "/ngsi-ld/v1/entities/urn:ngsi-ld:AirQualityObserved:north",
                to: next
            )
            #expect(again.isGood)
            let source = try await client.send(.GET, "/sources/v1/air", to: next)
            #expect(try source.json.objectValue?["way"] == "webhook")
            #expect(await next.stop() == .exited(0))
        }
        let log = try String(contentsOfFile: folder.log, encoding: .utf8)
        #expect(!log.contains(secret))
    }

    @Test func `the definitions of the document can be read`() throws {
        for beginning in ["mqtt:\n", "poll:\n"] {
            #expect(try documented(beginning).contains("\n"))
        }
    }

    @Test func `a sample becomes a definition, and the definition is tried`() async throws {
        let folder = try TestFolder()
        let sample = folder.path + "/reading.json"
        try #"{"station": "north", "at": "2026-05-01T08:00:00Z", "pm25": "12.5"}"#
            .write(toFile: sample, atomically: true, encoding: .utf8)
        let suggesting = try ChildProcess(
            ["source", "suggest", sample, "--type", "AirQualityObserved"],
            log: folder.log
        )
        var text = ""
        while let line = suggesting.readLine() { text += line + "\n" }
        #expect(await suggesting.ended() == .exited(0))
        let definition = folder.path + "/air.source.yaml"
        try text.write(toFile: definition, atomically: true, encoding: .utf8)
        let trying = try ChildProcess(["source", "try", definition, sample], log: folder.log)
        let entity = trying.readLine() ?? ""
        #expect(entity.contains(#""id":"urn:ngsi-ld:AirQualityObserved:north""#), "\(text)")
        #expect(entity.contains(#""value":12.5"#))
        #expect(await trying.ended() == .exited(0))
        let wrong = try ChildProcess(["source", "try", sample, sample], log: folder.log)
        #expect(await wrong.ended() == .exited(65))
    }
}
