import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// A database that cannot be used: the hub does not start on it, explains what to do, and does not
/// change the file.
@Suite struct DamagedDatabaseTests {
    struct Damage: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var apply: @Sendable (inout Data) -> Void
    }

    static let damages = [
        Damage(testDescription: "no database at all") { $0 = Data("not a database".utf8) },
        Damage(testDescription: "another format") { $0[0] ^= 0xFF },
        Damage(testDescription: "an impossible page size") { $0[16] = 0x13 },
        Damage(testDescription: "cut off") { $0 = $0.prefix($0.count / 2) },
        Damage(testDescription: "less than a header") { $0 = $0.prefix(50) },
        Damage(testDescription: "somebody else's") { $0[68] ^= 0xFF },
        Damage(testDescription: "a newer hub's") { $0[62] = 0x7F },
        Damage(testDescription: "a first page of noise") { file in
            for index in 100..<4_096 { file[index] = UInt8(truncatingIfNeeded: index &* 31) }
        },
    ]

    @Test(arguments: damages)
    func `a hub does not start on a damaged database, and explains how to recover`(
        damage: Damage
    ) async throws {
        let folder = try TestFolder()
        try await HubClient.with { client in
            let hub = try await RealHub(folder: folder)
            let body: JSONValue = ["id": "urn:x:1", "type": "T"]
            let made = try await client.send(.POST, "/ngsi-ld/v1/entities", to: hub, json: body)
            #expect(made.status == 201)
            #expect(await hub.stop() == .exited(0))
        }
        let file = URL(filePath: folder.data + "/hub.sqlite")
        var bytes = try Data(contentsOf: file)
        damage.apply(&bytes)
        try bytes.write(to: file)

        let log = folder.path + "/damaged.log"
        let process = try ChildProcess(["serve", "--data", folder.data, "--port", "0"], log: log)
        #expect(await Self.ending(of: process) == .exited(74), "\(process.errors)")
        #expect(process.errors.contains("hub.sqlite"))
        #expect(process.errors.contains("backup"))
        #expect(process.errors.contains("docs/operating.md"))
        #expect(try Data(contentsOf: file) == bytes, "the damaged file was changed")
    }

    /// The end of a hub that stops by itself; one that starts is killed.
    private static func ending(of process: ChildProcess) async -> ChildProcess.Ending {
        if await process.line(with: "ready ") != nil { process.send(SIGKILL) }
        return await process.ended()
    }

    /// The database of a hub that was killed: the log is not copied yet.
    @Test(arguments: [true, false])
    func `a log whose database is empty or missing is not changed`(isGone: Bool) async throws {
        let folder = try TestFolder()
        try await HubClient.with { client in
            let hub = try await RealHub(folder: folder)
            let body: JSONValue = ["id": "urn:x:1", "type": "T"]
            let made = try await client.send(.POST, "/ngsi-ld/v1/entities", to: hub, json: body)
            #expect(made.status == 201)
            await hub.kill()
        }
        let (file, log) = (folder.data + "/hub.sqlite", folder.data + "/hub.sqlite-wal")
        let written = try Data(contentsOf: URL(filePath: log))
        #expect(!written.isEmpty)
        try FileManager.default.removeItem(atPath: file)
        if !isGone { try Data().write(to: URL(filePath: file)) }

        let process = try ChildProcess(
            ["serve", "--data", folder.data, "--port", "0"],
            log: folder.path + "/damaged.log"
        )
        #expect(await Self.ending(of: process) == .exited(74), "\(process.errors)")
        #expect(process.errors.contains("backup"))
        #expect(try Data(contentsOf: URL(filePath: log)) == written, "the log was changed")
    }

    @Test func `a folder serves one hub, and after a crash the next one`() async throws {
        let folder = try TestFolder()
        let first = try await RealHub(folder: folder)
        let log = folder.path + "/second.log"
        let second = try ChildProcess(["serve", "--data", folder.data, "--port", "0"], log: log)
        #expect(await second.ended() == .exited(74))
        #expect(second.errors.contains("in use by another hub"))
        await first.kill()
        #expect(await (try RealHub(folder: folder)).stop() == .exited(0))
    }
}
