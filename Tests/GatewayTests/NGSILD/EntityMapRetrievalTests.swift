import Broker
import Clauses
import ContextModel
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import Gateway

@Suite(.clause("5.7.1", "5.7.3", "5.5.14")) struct EntityMapRetrievalTests {
    @Test(arguments: ["entities", "temporal/entities"])
    func `a retrieval creates a map with its entity, and uses it again`(
        resource: String
    ) async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1, 2])
            let path = "\(resource)/urn:x:1"
            let plain = try await client.send(.get, path)
            #expect(plain.status == .ok && plain.headers[.entityMap] == nil)
            let first = try await client.send(
                .get,
                "\(path)?entityMap=true&entityMapLifetime=PT1H"
            )
            #expect(first.status == .ok)
            #expect(try first.json["id"] == "urn:x:1")
            let place = try #require(first.headers[.entityMap])
            let map = try await client.send(.get, place)
            #expect(try map.json["entityMap"] == ["urn:x:1": ["@none"]])
            let again = try await client.send(.get, path, headers: [.entityMap: place])
            #expect(again.status == .ok && again.headers[.entityMap] == place)
        }
    }

    @Test func `an expired map is replaced, and a missing entity creates none`() async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1])
            let gone: HTTPFields = [.entityMap: "urn:ngsi-ld:EntityMap:gone"]
            let first = try await client.send(.get, "entities/urn:x:1", headers: gone)
            let place = try #require(first.headers[.entityMap])
            #expect(place != "\(Paths.entityMaps)/urn:ngsi-ld:EntityMap:gone")
            #expect(try await client.send(.get, place).status == .ok)
            let missing = try await client.send(.get, "entities/urn:x:9", headers: gone)
            #expect(missing.status == .notFound && missing.headers[.entityMap] == nil)
        }
    }

    @Test func `entities of a page with a map can be retrieved one by one`() async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1, 2])
            let query = try await client.send(.get, "entities?type=Bus&entityMap=true")
            let place = try #require(query.headers[.entityMap])
            let bus = try await client.send(
                .get,
                "entities/urn:x:2",
                headers: [.entityMap: place]
            )
            #expect(bus.headers[.entityMap] == place)
        }
    }
}
