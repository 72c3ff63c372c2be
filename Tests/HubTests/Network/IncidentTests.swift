import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// An incident among cities: reported by the clients that coordinators have, and told from hub to hub.
@Suite(.timeLimit(.minutes(5))) struct IncidentTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardized
    private static let python =
        repository.appending(path: ".build/taxii-clients/bin/python").path

    @Test func `two cities report a third, which is suspended until an administrator decides`()
        async throws
    {
        try #require(
            FileManager.default.isExecutableFile(atPath: Self.python),
            "Run .ci/python-packages taxii-clients first, as `make test` does."
        )
        let (folder, port) = (try TestFolder(), Int.random(in: 30_000...50_000))
        let process = try ChildProcess(
            ["network", "--data", folder.data, "--port", "\(port)", "--cities", "3"],
            log: folder.log
        )
        let ready = await process.line(with: "ready ")
        try #require(ready != nil, "\(process.errors)")
        let cities = (0..<3).map { "http://127.0.0.1:\(port + $0)" }
        let tokens = try ["bandar-seri-begawan", "battambang", "phnom-penh"]
            .map { key in
                try String(
                    contentsOfFile: "\(folder.data)/\(key)/data/operator.token",
                    encoding: .utf8
                )
                .trimmingCharacters(in: .whitespacesAndNewlines)
            }
        try await HubClient.with { client in
            let hubs = Hubs(client: client, cities: cities, tokens: tokens)
            let names = try await hubs.names()
            // The first city trusts itself and the second, which lets hubs read what it has.
            let trusted = JSONValue.array(names.prefix(2).map { .string($0) })
            try await hubs.decide(0, ["trusted": trusted, "quorum": 2, "hours": 1])
            try await hubs.decide(1, ["readers": ["role:hub"]])
            let reporting = try ChildProcess(
                program: Self.python,
                [
                    Self.repository.appending(path: "Tests/HubTests/Network/taxii_client.py").path,
                    cities[0], tokens[0], cities[1], tokens[1], names[2],
                ],
                environment: ["PATH": "/usr/bin:/bin", "HOME": folder.path],
                log: folder.path + "/client.log"
            )
            let reported = await reporting.line(with: "reported")
            try #require(reported != nil, "\(reporting.errors)")
            try await hubs.wait(for: "suspended", of: names[2])
            // It says why, and the other hub, which trusts nobody, goes on.
            let list = try await hubs.get(0, "/network/v1/suspensions").arrayValue
            let one = try #require(list?.first?.objectValue)
            #expect(one["by"] == trusted || one["by"]?.arrayValue?.count == 2)
            #expect(try await hubs.standing(of: names[2], at: 1) == "admitted")
            let entries = try await client.send(.GET, at: cities[0] + "/record?lang=en").text
            #expect(entries.contains("suspension"))

            let name = one["id"]?.stringValue ?? ""
            let reversed = try await hubs.send(0, .DELETE, "/network/v1/suspensions/\(name)")
            #expect(reversed == 204)
            try await hubs.wait(for: "admitted", of: names[2])
            // Two rounds later it still stands so.
            try await Task.sleep(for: .seconds(5))
            #expect(try await hubs.standing(of: names[2], at: 0) == "admitted")
        }
        process.send(SIGTERM)
        #expect(await process.ended() == .exited(0), "\(process.errors)")
    }
}

/// Hubs of cities, asked as their administrators ask them.
private struct Hubs: Sendable {
    let client: HubClient
    let cities: [String]
    let tokens: [String]

    func names() async throws -> [String] {
        var names: [String] = []
        for city in 0..<cities.count {
            let members = try await get(city, "/network/v1/members").arrayValue ?? []
            let own = members.compactMap(\.objectValue).first { $0["standing"] == "own" }
            names.append(try #require(own?["id"]?.stringValue))
        }
        for name in names.dropFirst() { try await wait(for: "admitted", of: name) }
        return names
    }

    func get(_ city: Int, _ path: String) async throws -> JSONValue {
        try await client.send(
            .GET,
            at: cities[city] + path,
            headers: [("Authorization", "Bearer \(tokens[city])")]
        )
        .json
    }

    func send(
        _ city: Int,
        _ method: HTTPMethod,
        _ path: String,
        _ body: JSONObject? = nil
    ) async throws -> Int {
        var headers = [("Authorization", "Bearer \(tokens[city])")]
        if body != nil { headers.append(("Content-Type", "application/json")) }
        return try await client.send(
            method,
            at: cities[city] + path,
            headers: headers,
            body: body.map { JSONValue.object($0).serialized }
        )
        .status
    }

    func decide(_ city: Int, _ rules: JSONObject) async throws {
        #expect(try await send(city, .PUT, "/network/v1/reports/rules", rules) == 204)
    }

    func standing(of hub: String, at city: Int) async throws -> String? {
        try await get(city, "/network/v1/members/\(hub)").objectValue?["standing"]?.stringValue
    }

    /// Waits until the hub stands so at the first one.
    func wait(for standing: String, of hub: String) async throws {
        for _ in 0..<600 {
            if try await self.standing(of: hub, at: 0) == standing { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("\(hub) does not become \(standing)")
    }
}
