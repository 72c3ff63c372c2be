import Foundation
import NIOHTTP1
import Processes
import Testing

/// The installed program, without the folder in which it was built.
@Suite struct InstalledProgramTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardized

    @Test func `a copied program serves every page, style and script without its checkout`()
        async throws
    {
        let folder = try TestFolder()
        let files = FileManager.default
        let program = folder.path + "/bin/balai"
        try files.createDirectory(atPath: folder.path + "/bin", withIntermediateDirectories: true)
        // Copied by another program: a child that is being started would hold the file open for
        // writing, and such a file cannot be run.
        let built = try ChildProcess.product("balai").path
        let copy = try ChildProcess(program: "/bin/cp", [built, program], log: folder.log)
        #expect(await copy.ended() == .exited(0))
        let leaflet = folder.path + "/share/balai/leaflet"
        try files.createDirectory(atPath: leaflet, withIntermediateDirectories: true)
        try Data("// the map".utf8).write(to: URL(filePath: leaflet + "/leaflet.js"))

        let hiding = try hiding()
        let source = Self.repository.path + "/Package.swift"
        let look = try ChildProcess(
            program: "/bin/cat",
            [source],
            environment: hiding,
            log: folder.log
        )
        #expect(await look.ended() == .exited(1), "the checkout is to be hidden")

        let hub = try await RealHub(folder: folder, program: program, settings: hiding)
        try await HubClient.with { client in
            for path in try Self.paths() {
                #expect(try await client.send(.GET, path, to: hub).status == 200, "\(path)")
            }
            let map = try await client.send(.GET, "/assets/leaflet/leaflet.js", to: hub)
            #expect(map.text == "// the map")
        }
        #expect(await hub.stop() == .exited(0))
    }

    /// A library that is loaded first and hides the checkout.
    private func hiding() throws -> [String: String] {
        [
            "LD_PRELOAD": try ChildProcess.product("libDiskFaults.so").path,
            "HIDDEN_FOLDER": Self.repository.path,
        ]
    }

    /// The paths of the pages and their files.
    private static func paths() throws -> [String] {
        let resources = repository.appending(path: "Sources/Gateway/Resources")
        let assets = try ["css", "js", "map"].flatMap { folder in
            try FileManager.default.contentsOfDirectory(
                atPath: resources.appending(path: folder).path
            ).map { "/assets/\(folder)/\($0)" }
        }
        return ["/", "/data", "/hub"] + assets
    }
}
