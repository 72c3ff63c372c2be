import Foundation
import Processes
import Testing

@testable import balai

/// The programs end cleanly when nobody reads their output.
@Suite struct StandardStreamsTests {
    /// Runs the words in a shell, with the hub's URL and data as `$1` and `$2`.
    private func shell(
        _ hub: RunningHub,
        _ script: String
    ) async throws -> (
        ending: ChildProcess.Ending, errors: String
    ) {
        let log = hub.folder + "/shell-\(UUID().uuidString).log"
        let process = try ChildProcess(
            program: "/bin/bash",
            [
                "-c", "set -o pipefail; " + script, "test", hub.url, hub.folder + "/data",
                try ChildProcess.product("balai").path,
            ],
            log: log
        )
        let ending = await process.ended()
        return (ending, process.errors)
    }

    @Test func `an export into a closed reader ends as quietly as other programs`()
        async throws
    {
        try await withTemporaryFolder { path in
            let hub = try await hubWithBins(path)
            let command = "\"$3\" export --hub \"$1\" --data \"$2\""
            let head = try await shell(hub, command + " | head -n 1 > /dev/null")
            #expect(head.ending == .exited(141))
            #expect(head.errors == "", "\(head.errors)")
            try hub.stop()
        }
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
    func `an export onto a full disk ends with a code and one line`() async throws {
        try await withTemporaryFolder { path in
            let hub = try await hubWithBins(path)
            let arguments = " --hub \"$1\" --data \"$2\" > /dev/full"
            for command in ["export", "export --history", "dead-letters list"] {
                let full = try await shell(hub, "\"$3\" " + command + arguments)
                #expect(full.ending == .exited(74), "\(command)")
                let line = "balai: The output cannot be written: No space left on device.\n"
                #expect(full.errors == line, "\(command)")
            }
            let tokens = try await shell(hub, "\"$3\" token list --data \"$2\" --json > /dev/full")
            #expect(tokens.ending == .exited(74))
            try hub.stop()
        }
    }

    @Test func `the hub of a data folder is found on any address`() async throws {
        try await withTemporaryFolder { path in
            let hub = try await hubWithBins(path)
            let end = try RunningCommand(["export", "--data", hub.folder + "/data"]).end()
            #expect(end.code == 0, "\(end.errors)")
            #expect(end.output.split(separator: "\n").count == 3_000)
            try hub.stop()
        }
    }

    private func hubWithBins(_ path: String) async throws -> RunningHub {
        let hub = try RunningHub(path)
        let lines = (0..<3_000).map { number in
            #"{"id":"urn:ngsi-ld:Bin:\#(number)","type":"Bin","level":{"value":\#(number),"#
                + #""type":"Property","observedAt":"2026-01-01T00:00:00Z"}}"#
        }
        let file = path + "/bins.json"
        try lines.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
        #expect(try hub.importing(["json", file]).end().code == 0)
        return hub
    }
}
