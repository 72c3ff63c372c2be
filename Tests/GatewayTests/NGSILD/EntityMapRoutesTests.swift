import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Gateway

@Suite struct EntityMapRoutesTests {
    @Test(arguments: ["entityMaps?type=Bus&q=speed>1", "temporal/entityMaps?\(Self.anyTime)"])
    func `an EntityMap is created with its URL in a header, and found there`(
        path: String
    ) async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1, 2, 3])
            let made = try await client.send(.get, path)
            #expect(made.status == .created)
            let map = try made.json
            #expect(map["type"] == "EntityMap")
            #expect(map["entityMap"]?.objectValue?["urn:x:3"] == ["@none"])
            let place = try #require(made.headers[.entityMap])
            #expect(place == "\(Paths.entityMaps)/\(map["id"]?.stringValue ?? "")")
            let found = try await client.send(.get, place)
            #expect(found.status == .ok)
            #expect(try found.json == map)
            let changed = try await client.send(
                .patch,
                place,
                ["expiresAt": "2020-01-01T00:00:00Z"]
            )
            #expect(changed.status == .noContent)
            #expect(try await client.send(.get, place).status == .notFound)
        }
    }

    private static let anyTime =
        "type=Bus&timerel=before&timeAt=2999-01-01T00:00:00Z&timeproperty=createdAt"

    @Test func `a Query in a body creates a map as well`() async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1, 2])
            let query: JSONValue = ["type": "Query", "entities": [["type": "Bus"]], "q": "speed>1"]
            let made = try await client.send(.post, "entityMaps", query)
            #expect(made.status == .created)
            #expect(try made.json["entityMap"] == ["urn:x:2": ["@none"]])
            let deleted = try await client.send(.delete, made.headers[.entityMap] ?? "")
            #expect(deleted.status == .noContent)
        }
    }

    @Test(arguments: [
        "entityMaps?id=urn:x:1", "entityMaps?type=Bus&entityMapLifetime=1hour",
        "temporal/entityMaps?type=Bus", "entityMaps?type=Bus&entityMapLifetime=PT0S",
        "entityMaps/no%20uri", "entityMaps?type=Bus&pick=a%7Bb%7D",
    ])
    func `requests that the clauses refuse are refused`(path: String) async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1])
            let answer = try await client.send(.get, path)
            #expect(answer.status == .badRequest)
            #expect(try answer.json["type"]?.stringValue?.hasSuffix("BadRequestData") == true)
        }
    }

    @Test func `a query creates a map for its pages, and their links use it`() async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1, 2, 3, 4, 5])
            let first = try await client.send(.get, "entities?type=Bus&limit=2&entityMap=true")
            #expect(first.status == .created)
            #expect(try first.ids == ["urn:x:1", "urn:x:2"])
            let place = try #require(first.headers[.entityMap])
            _ = try await client.send(.delete, "entities/urn:x:3")
            let second = try await client.send(
                .get,
                "entities?type=Bus&limit=2&offset=2&count=true",
                headers: [.entityMap: place]
            )
            #expect(second.status == .ok && second.headers[.entityMap] == place)
            #expect(try second.ids == ["urn:x:4", "urn:x:5"])
            #expect(second.headers[.resultsCount] == "4")
            let links = second.headers[values: .link].joined(separator: ", ")
            #expect(links.contains("offset=0&type=Bus>; rel=\"prev\"") && !links.contains("next"))
        }
    }

    @Test func `pages of evolutions go through a map`() async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1, 2, 3])
            let path = "temporal/entities?\(Self.anyTime)&limit=2"
            let first = try await client.send(.get, path + "&entityMap=true")
            #expect(first.status == .created)
            #expect(try first.ids == ["urn:x:1", "urn:x:2"])
            let place = try #require(first.headers[.entityMap])
            let second = try await client.send(
                .get,
                path + "&offset=2",
                headers: [.entityMap: place]
            )
            #expect(second.status == .ok && second.headers[.entityMap] == place)
            #expect(try second.ids == ["urn:x:3"])
        }
    }

    @Test func `a purge removes only entities of its map, or is refused`() async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1, 2])
            let map = try await client.send(.get, "entityMaps?type=Bus")
            let place = try #require(map.headers[.entityMap])
            try await client.makeBuses([3])
            let unknown = try await client.send(
                .delete,
                "entities?type=Bus",
                headers: [.entityMap: "urn:ngsi-ld:EntityMap:none"]
            )
            #expect(unknown.status == .notFound)
            let purged = try await client.send(
                .delete,
                "entities?type=Bus",
                headers: [.entityMap: place]
            )
            #expect(purged.status == .noContent && purged.headers[.entityMap] == place)
            #expect(try await client.send(.get, "entities?type=Bus").ids == ["urn:x:3"])
        }
    }

    @Test func `another party's map is not found, and no page shows what only it could know`()
        async throws
    {
        let rule = Permission(
            assignee: .party(PartyID("office")),
            actions: [.read],
            target: .ids([EntityID("urn:x:2")])
        )
        try await ServedHub(policy: Policy(permissions: [rule])).test { client in
            try await client.makeBuses([1, 2])
            let map = try await client.send(.get, "entityMaps?type=Bus")
            let place = try #require(map.headers[.entityMap])
            let office = ServedHub.officeToken
            let peek = try await client.send(.get, place, token: office)
            let nothing = try await client.send(
                .get,
                "entityMaps/urn:ngsi-ld:EntityMap:none",
                token: office
            )
            #expect(peek.status == .notFound && nothing.status == .notFound)
            #expect(try peek.json["type"] == nothing.json["type"])
            let page = try await client.send(
                .get,
                "entities?type=Bus",
                headers: [.entityMap: place],
                token: office
            )
            #expect(page.status == .created && page.headers[.entityMap] != place)
            #expect(try page.ids == ["urn:x:2"])
        }
    }
}
