import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// A hub in a process of its own, used as FIWARE's users use the IoT Agent for JSON.
@Suite(.timeLimit(.minutes(3))) struct DeviceClientTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardized
    private static let python = repository.appending(path: ".build/devices/bin/python").path
    private static let key = "4jggokgpepnvsb2uv4s40d59ov"

    @Test func `filip provisions devices, which send and are commanded by HTTP and MQTT`()
        async throws
    {
        try #require(
            FileManager.default.isExecutableFile(atPath: Self.python),
            "Run .ci/python-packages devices first, as `make test` does."
        )
        let folder = try TestFolder()
        let certificates = try await Certificates(folder, for: "localhost")
        let broker = try await SecureBroker(folder, certificates)
        try await HubClient.with { client in
            let hub = try await RealHub(
                folder: folder,
                settings: ["BALAI_SOURCES_SECRETS": folder.path]
            )
            let definition = """
                format: devices
                mqtt:
                  broker: mqtts://localhost:\(broker.port)
                  authority: {file: authority.pem}
                  topics: ["/json/+/+/attrs/#", "/json/+/+/cmdexe"]
                """
            let made = try await client.send(
                .PUT,
                "/sources/v1/broker",
                to: hub,
                headers: [("Content-Type", "application/yaml"), ("NGSILD-Tenant", "openiot")],
                body: Array(definition.utf8)
            )
            #expect(made.status == 201, "\(made.text)")
            try await requireConnection(hub, client)
            let script = Self.repository.appending(path: "Tests/HubTests/Sources/fiware_devices.py")
            let devices = try ChildProcess(
                program: Self.python,
                [script.path, hub.url, "\(broker.port)", certificates.authority],
                log: folder.path + "/devices.log"
            )
            #expect(await devices.line(with: "done") != nil, "\(devices.errors)")
            for path in ["/sources", "/sources/v1", "/metrics", "/iot/services", "/iot/devices"] {
                let answer = try await client.send(
                    .GET,
                    path,
                    to: hub,
                    headers: [("NGSILD-Tenant", "openiot")]
                )
                #expect(answer.isGood && !answer.text.contains(Self.key), "\(path)")
            }
            #expect(await hub.stop() == .exited(0))
        }
        let log = try String(contentsOfFile: folder.log, encoding: .utf8)
        #expect(!log.contains(Self.key))
    }

    private func requireConnection(_ hub: RealHub, _ client: HubClient) async throws {
        for _ in 0..<300 {
            let answer = try await client.send(
                .GET,
                "/sources/v1/broker",
                to: hub,
                headers: [("NGSILD-Tenant", "openiot")]
            )
            if try answer.json.objectValue?["connected"] == true { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("the hub is not connected to the broker")
    }
}
