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

    @Test(arguments: ["", "operator", "anonymous"])
    func `no party has a name that means somebody else, or nobody`(name: String) {
        #expect(throws: (any Error).self) { try TokenCommand.Add.parse([name]) }
        #expect(throws: Never.self) { try TokenCommand.Add.parse(["the \(name)"]) }
    }
}
