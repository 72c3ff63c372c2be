import ArgumentParser
import ContextModel
import Foundation
import Gateway
import Testing

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

@testable import balai

@Suite struct TokenCommandTests {
    @Test func `a token is created, listed and removed`() async throws {
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

    @Test func `a party without a permission causes a warning on standard error`()
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

    @Test func `a hub accepts its own signed tokens, and no others'`() async throws {
        try await withTemporaryFolder { path in
            let hub = try RunningHub(path)
            func issued(_ folder: String, _ more: [String] = []) throws -> String {
                let end = try RunningCommand(
                    ["token", "issue", "--party", "urn:city:clinic", "--data", folder] + more
                ).end()
                #expect(end.code == 0, "\(end.errors)")
                return end.output.trimmingCharacters(in: .newlines)
            }
            let own = try issued(path + "/data", ["--role", "admin", "--ttl", "30m"])
            #expect(own.split(separator: ".").count == 3)
            #expect(try await status(own, hub) == 200)
            #expect(try await status(own.dropLast(8) + "AAAAAAAA", hub) == 401)
            #expect(try await status(issued(path + "/elsewhere"), hub) == 401)
            try hub.stop()
        }
    }

    @Test func `a token that is taken back is soon refused, whatever kind it is`()
        async throws
    {
        try await withTemporaryFolder { path in
            let hub = try RunningHub(path)
            let data = ["--data", path + "/data"]
            func made(_ arguments: [String]) throws -> String {
                let end = try RunningCommand(["token"] + arguments + data).end()
                #expect(end.code == 0, "\(end.errors)")
                return end.output.trimmingCharacters(in: .newlines)
            }
            let issue = ["issue", "--party", "urn:city:clinic", "--role", "admin"]
            let (whole, byID, other) = (try made(issue), try made(issue), try made(issue))
            let opaque = try made(["add", "clinic"])
            for token in [whole, byID, other, opaque] {
                let start = ContinuousClock.now
                while try await status(token, hub) != 200 {
                    try #require(.now - start < .seconds(10))
                }
            }
            let claims = try #require(
                Base64URL.bytes(of: String(byID.split(separator: ".")[1]))
            )
            let id = try JSONReader.read(claims).objectValue?["jti"]?.stringValue
            for (token, name) in [(whole, whole), (byID, try #require(id)), (opaque, opaque)] {
                _ = try made(["revoke", name])
                let start = ContinuousClock.now
                while try await status(token, hub) != 401 {
                    try #require(.now - start < .seconds(30))
                }
            }
            #expect(try await status(other, hub) == 200)
            // It is kept for the next start.
            try hub.stop()
            let next = try RunningHub(path)
            #expect(try await status(whole, next) == 401)
            #expect(try await status(other, next) == 200)
            try next.stop()
            #expect(try RunningCommand(["token", "revoke", "no token"] + data).end().code != 0)
        }
    }

    @Test func `what is taken back is kept as the hub looks it up`() async throws {
        try await withTemporaryFolder { path in
            let folder = try DataFolder(creating: path)
            for arguments in [
                ["--sessions-of", "urn:balai:party:clinic"], ["--sessions-of", "clinic"],
                ["--id", "Not a UUID"], ["0E984725-C51C-4BF4-9960-E1C80E27ABA0"],
            ] {
                let whole = ["token", "revoke"] + arguments + ["--data", path]
                #expect(try RunningCommand(whole).end().code == 0)
            }
            let entries = try RevocationFile(of: folder).entries
            #expect(entries.compactMap(\.party) == ["clinic", "clinic"])
            #expect(
                entries.compactMap(\.id) == ["Not a UUID", "0E984725-C51C-4BF4-9960-E1C80E27ABA0"]
            )
            for wrong in [["--id", ""], ["x", "--id", "x"], []] {
                #expect(throws: (any Error).self) { try TokenCommand.Revoke.parse(wrong) }
            }
        }
    }

    private func status(_ token: String, _ hub: RunningHub) async throws -> Int? {
        var request = URLRequest(
            url: try #require(URL(string: hub.url + "/ngsi-ld/v1/entities?type=Room"))
        )
        request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        let (_, response) = try await URLSession.shared.data(for: request)
        return (response as? HTTPURLResponse)?.statusCode
    }

    @Test(arguments: [
        ["--party", "clinic"], ["--party", "service:demo-city"], ["--party", ""], [],
        ["--party", "urn:x:a", "--role", ""], ["--party", "urn:x:a", "--subject", "me"],
        ["--party", "urn:x:a", "--purpose", "dpv:Gossip"], ["--party", "urn:x:a", "--ttl", "0s"],
        ["--party", "urn:x:a", "--ttl", "1"], ["--party", "urn:x:a", "--ttl", "-1h"],
        ["--party", "urn:x:a", "--ttl", "367d"],
        ["--party", "urn:x:a", "--ttl", "9223372036854775807d"],
    ])
    func `options that a token cannot have are refused`(arguments: [String]) {
        #expect(throws: (any Error).self) { try TokenCommand.Issue.parse(arguments) }
        #expect(throws: Never.self) {
            try TokenCommand.Issue.parse([
                "--party", "urn:x:a", "--role", "admin", "--role", "doctor", "--subject",
                "urn:person:1",
                "--purpose", "PublicHealth", "--ttl", "45s",
            ])
        }
    }

    @Test(arguments: ["", "operator", "anonymous", "service:demo-city"])
    func `no party can have a name with another meaning`(name: String) {
        #expect(throws: (any Error).self) { try TokenCommand.Add.parse([name]) }
        #expect(throws: Never.self) { try TokenCommand.Add.parse(["the \(name)"]) }
    }
}
