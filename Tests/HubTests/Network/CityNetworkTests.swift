import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// `balai network`: hubs of several cities in processes of their own, joined and asked as their users ask them.
@Suite(.timeLimit(.minutes(5))) struct CityNetworkTests {
    /// A port from which on three are probably free: below those that the system gives to clients.
    private static func port() -> Int { Int.random(in: 15_000...30_000) }

    @Test func `cities are members of one network, and each answers by its own law`() async throws {
        let (folder, port) = (try TestFolder(), Self.port())
        // Bandar Seri Begawan, and two cities of Cambodia.
        let process = try ChildProcess(
            ["network", "--data", folder.data, "--port", "\(port)", "--cities", "3"],
            log: folder.log
        )
        let ready = await process.line(with: "ready ")
        try #require(ready != nil, "\(process.errors)")
        try await HubClient.with { client in
            let cities = (0..<3).map { "http://127.0.0.1:\(port + $0)" }
            for city in cities {
                let members = try await Self.wait(until: 3) {
                    let all = try await client.get(city + "/network/v1/members").json
                    return (all.arrayValue ?? []).compactMap(\.objectValue)
                        .filter { ["own", "admitted"].contains($0["standing"]?.stringValue) }
                }
                #expect(Set(members.compactMap { $0["state"]?.stringValue }) == ["BN", "KH"])
            }
            // Open data of all, by anybody: a question that nobody in particular asks is signed, too.
            let indicators = try await Self.wait(until: 9) {
                try await client.entities("KeyPerformanceIndicator", at: cities[0])
            }
            #expect(indicators.count == 9)
            try await Self.expectLaw(client, cities, folder)
        }
        process.send(SIGTERM)
        #expect(await process.ended() == .exited(0), "\(process.errors)")
        // Its hubs are gone with it.
        try await HubClient.with { client in
            _ = await #expect(throws: (any Error).self) {
                try await client.get("http://127.0.0.1:\(port + 1)/health")
            }
        }
    }

    /// The operator of a city asks for what is internal: a hub of the same state answers, and the law of the other one lets
    /// it out or not.
    private static func expectLaw(
        _ client: HubClient,
        _ cities: [String],
        _ folder: TestFolder
    ) async throws {
        let tokens = try ["bandar-seri-begawan", "battambang", "phnom-penh"].map { key in
            try String(contentsOfFile: "\(folder.data)/\(key)/data/operator.token", encoding: .utf8)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
        for (number, own) in [(0, "bandar-seri-begawan"), (1, "battambang")] {
            let state = number == 0 ? "BN" : "KH"
            let found = try await client.entities(
                "TrafficFlowObserved",
                at: cities[number],
                as: tokens[number]
            )
            for (city, other) in [
                ("bandar-seri-begawan", "BN"), ("battambang", "KH"), ("phnom-penh", "KH"),
            ] {
                let question =
                    "source=\(other)&destination=\(state)&category=internal&controller=public"
                let path = "/network/v1/verdict?\(question)"
                let verdict = try await client.get(cities[number] + path).json
                let isAllowed = city == own || verdict.objectValue?["allowed"] == true
                let isThere = found.contains { $0.contains(":\(city):") }
                #expect(isThere == isAllowed, "\(city) asked from \(own)")
            }
        }
    }

    private static func wait<Answer>(
        until count: Int,
        _ body: () async throws -> [Answer]
    ) async throws -> [Answer] {
        for _ in 0..<150 {
            let answer = try await body()
            if answer.count == count { return answer }
            try await Task.sleep(for: .milliseconds(200))
        }
        return try await body()
    }
}

extension HubClient {
    fileprivate func get(_ url: String, as token: String? = nil) async throws -> HubAnswer {
        var headers = [("Accept", "application/json")]
        if let token { headers.append(("Authorization", "Bearer \(token)")) }
        return try await send(.GET, at: url, headers: headers)
    }

    /// The identifiers of the entities of a type.
    fileprivate func entities(
        _ type: String,
        at city: String,
        as token: String? = nil
    ) async throws -> [String] {
        let answer = try await get(city + "/ngsi-ld/v1/entities?type=\(type)&limit=100", as: token)
        return (try answer.json.arrayValue ?? []).compactMap { $0.objectValue?["id"]?.stringValue }
    }
}
