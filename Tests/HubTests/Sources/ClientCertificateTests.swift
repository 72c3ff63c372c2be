import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// A broker that knows its clients by certificates alone.
@Suite(.timeLimit(.minutes(3))) struct ClientCertificateTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardized
    private static let python = repository.appending(path: ".build/publishers/bin/python").path

    private func definition(_ port: Int, _ more: String) -> String {
        """
        mqtt:
          broker: mqtts://localhost:\(port)
          topics: [bins/+]
          authority: {file: authority.pem}
        \(more)
        map:
          type: Bin
          id: "urn:ngsi-ld:Bin:{topic.2}"
          time: {value: "{received}"}
          attributes: {fill: {column: fill}}

        """
    }

    /// What the hub tells of the source once it tells something.
    private func state(
        _ name: String,
        at hub: RealHub,
        _ client: HubClient,
        until isGood: (JSONObject) -> Bool
    ) async throws -> JSONObject? {
        var last: JSONObject?
        for _ in 0..<300 {
            last = try await client.send(.GET, "/sources/v1/\(name)", to: hub).json.objectValue
            if let last, isGood(last) { return last }
            try await Task.sleep(for: .milliseconds(100))
        }
        return last
    }

    @Test func `the hub shows its certificate to a broker that wants one`() async throws {
        let folder = try TestFolder()
        let certificates = try await Certificates(folder, for: "localhost")
        for name in ["hub", "publisher"] { try await certificates.makeClient(name, in: folder) }
        let broker = try await SecureBroker(folder, certificates, knowsClients: true)
        try await HubClient.with { client in
            let hub = try await RealHub(
                folder: folder,
                settings: ["BALAI_SOURCES_SECRETS": folder.path]
            )
            let sources = [
                ("known", "  certificate: {file: hub.pem}\n  key: {file: hub.key}"),
                ("unknown", ""),
                ("wrong", "  certificate: {file: hub.key}\n  key: {file: hub.pem}"),
            ]
            for (name, more) in sources {
                let made = try await client.send(
                    .PUT,
                    "/sources/v1/\(name)",
                    to: hub,
                    headers: [("Content-Type", "application/yaml")],
                    body: Array(definition(broker.port, more).utf8)
                )
                #expect(made.status == 201, "\(made.text)")
            }
            let known = try await state("known", at: hub, client) { $0["connected"] == true }
            #expect(known?["connected"] == true, "\(known?.members ?? []) \(hub.process.errors)")
            for name in ["unknown", "wrong"] {
                let state = try await state(name, at: hub, client) { $0["connected"] == false }
                #expect(state?["connected"] == false, "\(name) \(state?.members ?? [])")
            }
            try Data("bins/7\t{\"fill\": 40}\n".utf8)
                .write(to: URL(filePath: folder.path + "/bins.tsv"))
            let script = Self.repository.appending(
                path: "Tests/HubTests/Sources/publish_uplinks.py"
            )
            let publisher = try ChildProcess(
                program: Self.python,
                [
                    script.path, "\(broker.port)", certificates.authority, "5.0",
                    folder.path + "/bins.tsv", folder.path + "/publisher.pem",
                    folder.path + "/publisher.key",
                ],
                log: folder.path + "/publisher.log"
            )
            #expect(await publisher.line(with: "published") != nil, "\(publisher.errors)")
            let told = try await state("known", at: hub, client) {
                ($0["messages"]?.numberValue?.intValue ?? 0) > 0
            }
            #expect(told?["refused"] == 0)
            let bin = try await client.send(
                .GET,
                "/ngsi-ld/v1/entities/urn:ngsi-ld:Bin:7?format=simplified",
                to: hub
            ).json.objectValue
            #expect(bin?["fill"] == 40)
        }
    }
}
