import Foundation
import Processes
import Testing

/// Litestream beside a hub: its copy of the database is what the hub had when it was killed.
@Suite(.timeLimit(.minutes(3))) struct LitestreamTests {
    private static let litestream = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../.build/reading-programs/bin/litestream").standardized.path

    @Test func `a hub that is killed goes on from the copy that Litestream made`() async throws {
        try #require(
            FileManager.default.isExecutableFile(atPath: Self.litestream),
            "Run .ci/python-packages reading-programs first, as `make test` does."
        )
        try await HubClient.with { client in
            let folder = try TestFolder()
            let hub = try await RealHub(folder: folder)
            let replica = "file://\(folder.path)/replica"
            let copying = try ChildProcess(
                program: Self.litestream,
                ["replicate", folder.data + "/hub.sqlite", replica],
                log: folder.path + "/litestream.log"
            )
            let filling = Filling(hub: hub, client: client, textBytes: 5_000)
            let kept = try await filling.fill(upTo: 100)
            // Litestream copies each second; it says nothing of how far it is.
            try await Task.sleep(for: .seconds(4))
            await hub.kill()
            copying.send(SIGTERM)
            _ = await copying.ended()

            let other = try TestFolder()
            try FileManager.default.createDirectory(
                atPath: other.data,
                withIntermediateDirectories: true
            )
            let restoring = try ChildProcess(
                program: Self.litestream,
                ["restore", "-o", other.data + "/hub.sqlite", replica],
                log: other.log
            )
            #expect(await restoring.ended() == .exited(0), "\(restoring.errors)")
            let next = try await RealHub(folder: other)
            #expect(try await Filling(hub: next, client: client).found() == kept)
            #expect(await next.stop() == .exited(0))
        }
    }
}
