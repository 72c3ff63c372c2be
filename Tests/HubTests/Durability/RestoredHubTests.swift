import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// A hub whose database was put back from a backup, under a record that went on.
@Suite(.timeLimit(.minutes(3))) struct RestoredHubTests {
    private static let visit = "/ngsi-ld/v1/entities/urn:x:visit:1"
    private static let purpose = ("Data-Purpose", "dpv:PublicHealth")

    @Test func `what a person chose since the backup is in force when the hub is ready`()
        async throws
    {
        try await HubClient.with { client in
            let folder = try TestFolder()
            var hub = try await RealHub(folder: folder)
            try await Self.fill(hub, client)
            func status() async throws -> Int {
                try await client.send(.GET, Self.visit, to: hub, headers: [Self.purpose]).status
            }
            #expect(try await status() == 200)
            #expect(await hub.stop() == .exited(0))
            let backup = folder.path + "/hub.tar"
            try await Self.command("backup", backup, folder)

            hub = try await RealHub(folder: folder)
            try await Self.object(hub, client)
            #expect(try await status() == 404)
            #expect(await hub.stop() == .exited(0))

            try await Self.command("restore", backup, folder)
            hub = try await RealHub(folder: folder)
            #expect(try await status() == 404)
            let told = "The record has choices and rules that the data had not"
            #expect(hub.process.errors.contains(told))
            #expect(await hub.stop() == .exited(0))
            // The next start has nothing to say.
            let before = hub.process.errors.count
            hub = try await RealHub(folder: folder)
            #expect(try await status() == 404)
            #expect(!hub.process.errors.dropFirst(before).contains("that the data had not"))
            #expect(await hub.stop() == .exited(0))
        }
    }

    private static func command(_ name: String, _ file: String, _ folder: TestFolder) async throws {
        let command = try ChildProcess([name, file, "--data", folder.data], log: folder.log)
        #expect(await command.ended() == .exited(0), "\(command.errors)")
    }

    /// A visit of somebody, which everybody may read for public health.
    private static func fill(_ hub: RealHub, _ client: HubClient) async throws {
        let policy: JSONValue = [
            "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set", "uid": "urn:policy:all",
            "permission": [
                [
                    "action": "read", "target": "Visit",
                    "constraint": [
                        [
                            "leftOperand": "purpose", "operator": "eq",
                            "rightOperand": "https://w3id.org/dpv#PublicHealth",
                        ]
                    ],
                ]
            ],
        ]
        let visit: JSONValue = [
            "id": "urn:x:visit:1", "type": "Visit",
            "patient": ["type": "Relationship", "object": "urn:x:person:siti"],
        ]
        for (method, path, json) in [
            (
                HTTPMethod.PUT, "/governance/v1/classification",
                ["Visit": ["class": "personal", "subject": "patient"]] as JSONValue
            ),
            (.PUT, "/governance/v1/policies/urn:policy:all", policy),
            (.POST, "/ngsi-ld/v1/entities", visit),
        ] {
            let answer = try await client.send(method, path, to: hub, json: json)
            try #require(answer.isGood, "\(answer.text)")
        }
    }

    private static func object(_ hub: RealHub, _ client: HubClient) async throws {
        let answer = try await client.send(
            .POST,
            "/governance/v1/choices",
            to: hub,
            json: [
                "subject": "urn:x:person:siti", "purpose": "dpv:PublicHealth", "choice": "object",
            ]
        )
        try #require(answer.status == 201, "\(answer.text)")
    }
}
