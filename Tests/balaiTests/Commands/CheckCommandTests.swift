import Foundation
import Testing

@testable import balai

@Suite struct CheckCommandTests {
    @Test func `nothing yet is sound`() async throws {
        try await withTemporaryFolder { path in
            let end = try RunningCommand(["check", "--data", path + "/none"]).end()
            #expect(end.code == 0)
            #expect(end.output.hasSuffix("sound\n"))
        }
    }

    @Test func `a damaged database is found, in JSON too`() async throws {
        try await withTemporaryFolder { path in
            try String(repeating: "no database ", count: 1000)
                .write(toFile: path + "/hub.sqlite", atomically: true, encoding: .utf8)
            let end = try RunningCommand(["check", "--data", path, "--json"]).end()
            #expect(end.code == 1)
            let report = try JSONDecoder().decode(Report.self, from: Data(end.output.utf8))
            #expect(!report.isSound)
            #expect(report.findings.contains { $0.area == "database" && $0.isProblem })
        }
    }

    @Test func `a wrong setting is found`() async throws {
        try await withTemporaryFolder { path in
            let file = path + "/hub.yaml"
            try "prot: 1".write(toFile: file, atomically: true, encoding: .utf8)
            let end = try RunningCommand(["check", "--data", path, "--config", file]).end()
            #expect(end.code == 78)
            #expect(end.output.contains("nearest: \"port\""))
        }
    }

    private struct Report: Decodable {
        struct Finding: Decodable {
            var area: String
            var isProblem: Bool
        }
        var isSound: Bool
        var findings: [Finding]
    }
}
