import ContextModel
import Foundation
import Testing

@testable import balai

@Suite(.serialized) struct ImportCommandTests {
    private static let map = """
        type: AirQualityObserved
        id: "urn:ngsi-ld:AirQualityObserved:{site}"
        time: {column: when}
        history: true
        attributes:
          pm25: {column: pm, as: number, unitCode: GQ}
        """

    /// This many entities, one per line.
    private static func entities(_ count: Int) -> String {
        (0..<count).map { number in
            """
            {"id":"urn:ngsi-ld:Bin:\(number)","type":"Bin","level":{"type":"Property",\
            "value":\(number)},"name":{"type":"Property","value":"Bin \(number)"}}

            """
        }.joined()
    }

    private func write(_ text: String, _ path: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    @Test func `a bad row is reported with file, line, column and reason while the others load`()
        async throws
    {
        try await withTemporaryFolder { path in
            let hub = try RunningHub(path)
            try write(Self.map, path + "/map.yaml")
            let rows = ["site,when,pm", "a,2026-01-01,7", "b,2026-01-01,much", "c,soon,9"]
            try write(rows.joined(separator: "\n"), path + "/air.csv")
            let arguments = ["csv", path + "/air.csv", "--map", path + "/map.yaml"]
            let end = try hub.importing(arguments).end()
            #expect(end.code == 1)
            #expect(end.errors.contains("air.csv:3, column 3 (pm): "), "\(end.errors)")
            #expect(end.errors.contains("air.csv:4, column 2 (when): "), "\(end.errors)")
            let summary = "3 records, 2 entities, 1 readings, 2 failures"
            #expect(end.output.contains(summary), "\(end.output)")
            let json = try hub.importing(arguments + ["--json"]).end().output
            let problems = try JSONReader.read(Array(json.utf8)).objectValue?["problems"]
            #expect(problems?.arrayValue?.first?.objectValue?["columnName"] == "pm")
            try hub.stop()
        }
    }

    @Test func `a missing file and an unreachable hub have their own codes`()
        async throws
    {
        try await withTemporaryFolder { path in
            let hub = try RunningHub(path)
            let missing = try hub.importing(["json", path + "/none"]).end()
            #expect(missing.code == 66)
            #expect(missing.errors.contains("/none"))
            let unknown = try hub.importing(["json"]).end()
            #expect(unknown.code == 64)
            try write(Self.entities(1), path + "/bins.json")
            let stranger = try RunningCommand(
                ["import", "json", path + "/bins.json", "--hub", hub.url, "--data", path + "/no"],
                state: path + "/state"
            ).end()
            #expect(stranger.code == 69)
            #expect(stranger.errors.contains("--token"), "\(stranger.errors)")
            try hub.stop()
            let away = try hub.importing(["json", path + "/bins.json"]).end()
            #expect(away.code == 69)
            #expect(away.errors.contains("cannot be reached: is it running?"), "\(away.errors)")
        }
    }

    @Test func `an import that was killed continues where it stopped`() async throws {
        try await withTemporaryFolder { path in
            let hub = try RunningHub(path)
            try write(Self.entities(30_000), path + "/bins.json")
            let first = try hub.importing(["json", path + "/bins.json"])
            hub.waitForImport()
            first.killAtOnce()
            let resumed = try Self.resumed(hub, path)
            #expect(resumed >= 1_000, "what the hub had acknowledged is not sent again")
            #expect(try await hub.count("Bin") == 30_000)
            try hub.stop()
        }
    }

    @Test func `an interrupted import continues at its hub on any address, and at no other one`()
        async throws
    {
        try await withTemporaryFolder { path in
            let hub = try RunningHub(path)
            try write(Self.entities(30_000), path + "/bins.json")
            let first = try hub.importing(["json", path + "/bins.json"])
            hub.waitForImport()
            first.killAtOnce()
            try hub.stop()
            let other = try RunningHub(path + "/other")
            #expect(try Self.resumed(other, path) == 0)
            #expect(try await other.count("Bin") == 30_000)
            let moved = try RunningHub(path)
            #expect(try Self.resumed(moved, path) >= 1_000)
            #expect(try await moved.count("Bin") == 30_000)
            try other.stop()
            try moved.stop()
        }
    }

    /// The number of records of the file that the import need not send again.
    private static func resumed(_ hub: RunningHub, _ path: String) throws -> Int {
        let end = try RunningCommand(
            [
                "import", "json", path + "/bins.json", "--json", "--hub", hub.url,
                "--data", hub.folder + "/data",
            ],
            state: path + "/state"
        ).end()
        #expect(end.code == 0, "\(end.errors)")
        let summary = try JSONReader.read(Array(end.output.utf8)).objectValue
        return summary?["resumedRecords"]?.numberValue?.intValue ?? -1
    }

    @Test func `an import continues when its killed hub is back`() async throws {
        try await withTemporaryFolder { path in
            let hub = try RunningHub(path)
            try write(Self.entities(30_000), path + "/bins.json")
            let command = try hub.importing(["json", path + "/bins.json"])
            hub.waitForImport()
            hub.killAtOnce()
            let again = try RunningHub(path, port: hub.port)
            let end = try command.end()
            #expect(end.code == 0, "\(end.errors)")
            #expect(try await again.count("Bin") == 30_000)
            try again.stop()
        }
    }

    @Test(arguments: [
        "http://hub.invalid", "http://localhost@hub.invalid", "http://127.0.0.1.invalid",
    ])
    func `the operator's token stays on this machine`(url: String) async throws {
        try await withTemporaryFolder { path in
            var random = SystemRandomNumberGenerator()
            _ = try DataFolder(creating: path + "/data").operatorToken(&random)
            let end = try RunningCommand(["export", "--hub", url, "--data", path + "/data"]).end()
            #expect(end.code == 64)
            #expect(end.errors.contains("--token or BALAI_TOKEN"), "\(end.errors)")
        }
    }

    @Test func `a watched folder is loaded file by file`() async throws {
        try await withTemporaryFolder { path in
            let hub = try RunningHub(path)
            let folder = path + "/incoming"
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true
            )
            try write(Self.entities(3), folder + "/bins.json")
            try write("no entity", folder + "/bad.json")
            let command = try hub.importing(["json", "--watch", folder])
            #expect(try command.nextLine()?.contains("1 failures") == true)
            #expect(try command.nextLine()?.contains("3 entities") == true)
            let deadline = ContinuousClock.now + .seconds(60)
            let done = folder + "/done/bins.json"
            while !FileManager.default.fileExists(atPath: done), ContinuousClock.now < deadline {
                await Task.yield()
            }
            #expect(FileManager.default.fileExists(atPath: done))
            #expect(FileManager.default.fileExists(atPath: folder + "/failed/bad.json"))
            command.killAtOnce()
            #expect(try await hub.count("Bin") == 3)
            try hub.stop()
        }
    }

    @Test func `an export with its history restores the same hub`() async throws {
        try await withTemporaryFolder { path in
            let old = try RunningHub(path + "/old")
            try write(Self.map, path + "/map.yaml")
            // More readings than an answer holds: the export continues where the answer was cut
            // off.
            let rows = (0..<10_500).map { minute in
                "a,\(Timestamp(microseconds: Int64(minute) * 60_000_000).text),\(minute % 97)"
            }
            try write((["site,when,pm"] + rows).joined(separator: "\n"), path + "/air.csv")
            let loaded = try old.importing(["csv", path + "/air.csv", "--map", path + "/map.yaml"])
            #expect(try loaded.end().code == 0)
            let new = try RunningHub(path + "/new")
            let (state, history) = (try old.exported(), try old.exported(["--history"]))
            try write(state.joined(separator: "\n"), path + "/state.json")
            try write(history.joined(separator: "\n"), path + "/history.json")
            #expect(try new.importing(["json", path + "/state.json"]).end().code == 0)
            let told = try new.importing(["json", path + "/history.json", "--history"]).end()
            #expect(told.output.contains("10500 readings"), "\(told.output)")
            #expect(try new.exported() == state)
            #expect(try Self.readings(new.exported(["--history"])) == Self.readings(history))
            #expect(try Self.readings(history).count == 10_500)
            try old.stop()
            try new.stop()
        }
    }

    /// Moments and values of `pm25` in exported lines.
    private static func readings(_ lines: [String]) throws -> [String] {
        try lines.flatMap { line in
            let instances = try JSONReader.read(Array(line.utf8)).objectValue?["pm25"]?.arrayValue
            return (instances ?? []).compactMap(\.objectValue).map {
                "\($0["observedAt"]?.stringValue ?? "") \($0["value"]?.numberValue?.literal ?? "")"
            }
        }.sorted()
    }
}
