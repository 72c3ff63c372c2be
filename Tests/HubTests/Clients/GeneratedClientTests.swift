import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// The client that a generator creates from `/openapi.json`.
@Suite struct GeneratedClientTests {
    /// The folder where `.ci/python-packages` installs it.
    private static let tools = repository.appending(path: ".build/clients/bin").path
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardized

    @Test func `openapi-python-client generates a client of every operation, and five work`()
        async throws
    {
        let folder = try TestFolder()
        let hub = try await RealHub(folder: folder)
        let operations = try await HubClient.with { client in
            let answer = try await client.send(.GET, "/openapi.json", to: hub)
            try Data(answer.body).write(to: URL(filePath: folder.path + "/openapi.json"))
            return try answer.json.objectValue?["paths"]?.objectValue?.members
                .flatMap { $0.value.objectValue?.members ?? [] }.count
        }
        try await run(
            "openapi-python-client",
            [
                "generate", "--path", folder.path + "/openapi.json", "--output-path",
                folder.path + "/hub_client", "--meta", "none",
            ],
            folder
        )
        let files = try FileManager.default.subpathsOfDirectory(
            atPath: folder.path + "/hub_client/api"
        )
        let made = files.count { $0.hasSuffix(".py") && !$0.hasSuffix("__init__.py") }
        #expect(made == operations)
        let calls = Self.repository.appending(path: "Tests/HubTests/Clients/five_operations.py")
        try await run("python", [calls.path, folder.path, hub.url], folder)
        #expect(await hub.stop() == .exited(0))
    }

    private func run(_ name: String, _ arguments: [String], _ folder: TestFolder) async throws {
        let tool = Self.tools + "/" + name
        try #require(
            FileManager.default.isExecutableFile(atPath: tool),
            "Run .ci/python-packages clients first, as `make test` does."
        )
        let log = folder.path + "/\(name).log"
        let process = try ChildProcess(
            program: tool,
            arguments,
            environment: ["PATH": Self.tools + ":/usr/bin:/bin"],
            log: log
        )
        let output = process.readRest()
        try #require(await process.ended() == .exited(0), "\(output) \(process.errors)")
    }
}
