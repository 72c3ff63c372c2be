import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// People who sign in at an identity provider, and ask the hub with what they get there.
@Suite struct IdentityProviderTests {
    /// Where `.ci/python-packages` installs it.
    private static let tools = repository.appending(path: ".build/clients/bin").path
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardized

    @Test func `oidc-provider-mock signs people in, and the hub knows them by its tokens`()
        async throws
    {
        let folder = try TestFolder()
        let people = ["balai:ann", "balai:ben", "another:ann"]
        let provider = try await Provider(folder, signingIn: people)
        try """
        public: {types: [Bus]}
        issuers:
          city:
            issuer: \(provider.url)
            audience: [balai]
            keys: \(provider.url)/jwks
            partyPrefix: "urn:city:user:"
        permissions:
          "urn:city:user:ann": {actions: [read, write], types: ["*"]}
        """.write(toFile: folder.path + "/hub.yaml", atomically: true, encoding: .utf8)
        let hub = try await RealHub(
            folder: folder,
            arguments: ["--config", folder.path + "/hub.yaml"]
        )
        let ann = try await provider.token()
        let ben = try await provider.token()
        let others = try await provider.token()
        #expect(try await create(1, ann, hub) == 201)
        #expect(try await create(2, ben, hub) == 403)
        #expect(try await create(3, others, hub) == 401)
        #expect(try await create(4, String(ann.dropLast(4)) + "AAAA", hub) == 401)
        // The hub knows the keys, and the tokens that it has verified.
        provider.stop()
        #expect(try await create(5, ann, hub) == 201)
        #expect(await hub.stop() == .exited(0))
    }

    /// The status of creating a room.
    private func create(_ number: Int, _ token: String, _ hub: RealHub) async throws -> Int {
        let room: JSONValue = ["id": .string("urn:x:room:\(number)"), "type": "Room"]
        return try await HubClient.with { client in
            try await client.send(
                .POST,
                "/ngsi-ld/v1/entities",
                to: hub,
                headers: [
                    ("Content-Type", "application/json"), ("Authorization", "Bearer \(token)"),
                ],
                body: room.serialized
            ).status
        }
    }

    /// The provider, in a process of its own.
    private final class Provider: Sendable {
        let process: ChildProcess
        let url: String

        /// It signs people in for clients, each written `client:person`.
        init(_ folder: TestFolder, signingIn people: [String]) async throws {
            let python = IdentityProviderTests.tools + "/python"
            try #require(
                FileManager.default.isExecutableFile(atPath: python),
                "Run .ci/python-packages clients first, as `make test` does."
            )
            process = try ChildProcess(
                program: python,
                [
                    IdentityProviderTests.repository
                        .appending(path: "Tests/HubTests/Clients/identity_provider.py").path
                ] + people,
                environment: ["PATH": IdentityProviderTests.tools + ":/usr/bin:/bin"],
                log: folder.path + "/provider.log"
            )
            let line = await process.line(with: "ready ")
            let ready = try #require(line, "\(process.errors)")
            url = String(ready.trimmingCharacters(in: .newlines).dropFirst("ready ".count))
        }

        deinit { stop() }

        func stop() { process.send(SIGKILL) }

        /// The next token.
        func token() async throws -> String {
            let line = await process.line(with: "token ")
            return try #require(line, "\(process.errors)").trimmingCharacters(in: .newlines)
                .replacing("token ", with: "")
        }
    }
}
