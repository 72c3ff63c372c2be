import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// The commands of docs/first-sensor.md lead from an empty folder to a sensor on the map within a minute.
@Suite(.timeLimit(.minutes(3))) struct FirstSensorTests {
    private static let page = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../docs/first-sensor.md").standardized

    /// The blocks of commands on the page, in their order.
    private static func commands() throws -> [String] {
        let text = try String(contentsOf: page, encoding: .utf8)
        return text.matches(of: /```sh\n([\s\S]*?)```/).map { String($0.1) }
    }

    /// A shell in the folder that finds `balai`, as after an installation.
    private static func shell(_ commands: String, in folder: TestFolder) throws -> ChildProcess {
        let programs = try ChildProcess.product("balai").deletingLastPathComponent().path
        let script = "cd '\(folder.path)' && PATH=\"\(programs):$PATH\"\n\(commands)"
        return try ChildProcess(program: "/bin/sh", ["-c", script], log: folder.log)
    }

    @Test func `a first sensor is on the map within a minute, by the words of its page`()
        async throws
    {
        let blocks = try Self.commands()
        try #require(blocks.count == 4 && blocks[0].contains("balai serve"))
        let folder = try TestFolder()
        let start = ContinuousClock.now
        // Another port than on the page, as another hub may have that one.
        let serve = blocks[0].trimmingCharacters(in: .newlines)
        let hub = try Self.shell("exec env \(serve) --port 0", in: folder)
        defer { hub.send(SIGKILL) }
        let line = await hub.line(with: "ready ")
        let ready = try #require(line, "\(hub.errors)")
        let address = String(try #require(ready.wholeMatch(of: /ready (http:\S+)/)?.output.1))
        let rest = blocks.dropFirst().joined().replacing("http://127.0.0.1:1026", with: address)
        let commands = try Self.shell("set -e\n" + rest, in: folder)
        #expect(await commands.ended() == .exited(0), "\(commands.errors)")
        try await HubClient.with { client in
            // What the page *Now* and its script ask, without a token.
            let map = try await client.send(.GET, at: address + "/").text
            #expect(map.contains("data-type=\"AirQualityObserved\""), "\(map)")
            #expect(map.contains("Ranong, now"))
            let query = "type=AirQualityObserved&options=keyValues"
            let asked = try await client.send(.GET, at: "\(address)/ngsi-ld/v1/entities?\(query)")
            let sensor = try asked.json.arrayValue?.first?.objectValue
            #expect(sensor?["id"] == "urn:ngsi-ld:AirQualityObserved:north")
            #expect(sensor?["pm25"] == 12.5)
            #expect(sensor?["location"]?.objectValue?["coordinates"] == [98.633, 9.968])
        }
        let time = start.duration(to: .now)
        print("A first sensor was on the map after \(time).")
        #expect(time < .seconds(60))
        hub.send(SIGTERM)
        #expect(await hub.ended() == .exited(0))
    }
}
