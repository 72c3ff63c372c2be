import ArgumentParser
import Foundation
import Testing

@testable import balai

@Suite struct TokenCommandTests {
    @Test func `a token is made, listed and removed`() async throws {
        try await withTemporaryFolder { path in
            let made = try RunningCommand(["token", "add", "traffic", "--data", path]).end()
            #expect(made.code == 0)
            #expect(made.output.count == 44)
            let listed = try RunningCommand(["token", "list", "--json", "--data", path]).end()
            #expect(listed.output.contains("\"party\" : \"traffic\""))
            #expect(!listed.output.contains(made.output.dropLast()))
            let removed = try RunningCommand(["token", "remove", "traffic", "--data", path]).end()
            #expect(removed.code == 0)
            let again = try RunningCommand(["token", "remove", "traffic", "--data", path]).end()
            #expect(again.code == 64)
        }
    }

    @Test func `a party that the policy grants nothing is warned of, on standard error`()
        async throws
    {
        try await withTemporaryFolder { path in
            let file = path + "/hub.yaml"
            try "permissions: {traffic: {actions: [read], types: [\"*\"]}}"
                .write(toFile: file, atomically: true, encoding: .utf8)
            for (party, options, isWarned) in [
                ("traffic", ["--config", file], false), ("trafic", ["--config", file], true),
                ("traffic", [], true),
            ] {
                let made = try RunningCommand(
                    ["token", "add", party, "--data", path + "/data"] + options
                ).end()
                #expect(made.code == 0)
                #expect(made.output.count == 44)
                #expect(made.errors.contains("no permission for \"\(party)\"") == isWarned)
            }
        }
    }

    @Test(arguments: ["", "operator", "anonymous", "service:demo-city"])
    func `no party has a name that means somebody else, or nobody`(name: String) {
        #expect(throws: (any Error).self) { try TokenCommand.Add.parse([name]) }
        #expect(throws: Never.self) { try TokenCommand.Add.parse(["the \(name)"]) }
    }
}
