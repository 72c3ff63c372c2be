import ArgumentParser
import Foundation
import Testing

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

@testable import balai

@Suite struct LoginCommandTests {
    @Test func `a link of a hub at work signs in`() async throws {
        try await withTemporaryFolder { path in
            let none = try RunningCommand(["login", "--data", path + "/data"]).end()
            #expect(none.code != 0)
            let hub = try RunningHub(path)
            let made = try RunningCommand(["login", "--data", path + "/data"]).end()
            #expect(made.code == 0, "\(made.errors)")
            let link = made.output.trimmingCharacters(in: .newlines)
            #expect(link.hasPrefix(hub.url + "/sign-in?link="))
            let (page, _) = try await URLSession.shared.data(
                from: try #require(URL(string: link))
            )
            #expect(String(decoding: page, as: UTF8.self).contains("signs you in as operator"))
            try hub.stop()
        }
    }

    @Test(arguments: [["--as", "anonymous"], ["--as", "service:x"], ["--subject", "me"]])
    func `what nobody can be signed in as is refused`(arguments: [String]) {
        #expect(throws: (any Error).self) { try LoginCommand.parse(arguments) }
        #expect(throws: Never.self) { try LoginCommand.parse(["--as", "urn:city:clinic"]) }
    }
}
