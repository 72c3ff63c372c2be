import ContextModel
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import Gateway

/// OGC API – Features.
@Suite struct FeatureRoutesTests {
    private static func stop(_ number: Int, _ longitude: Double, _ latitude: Double) -> JSONValue {
        [
            "id": .string("urn:x:\(number)"), "type": "Stop",
            "name": ["type": "Property", "value": .string("Stop \(number)")],
            "location": [
                "type": "GeoProperty",
                "value": [
                    "type": "Point",
                    "coordinates": [
                        .number(JSONNumber(longitude)), .number(JSONNumber(latitude)),
                    ],
                ],
            ],
        ]
    }

    private static func test(
        _ body: @escaping @Sendable (ServedClient) async throws -> Void
    ) async throws {
        try await ServedHub().test { client in
            let places = [(98.0, 7.0), (98.5, 7.5), (99.0, 8.0), (179.5, 0), (-179.5, 0)]
            for (number, place) in places.enumerated() {
                _ = try await client.send(.post, "entities", stop(number, place.0, place.1))
            }
            try await body(client)
        }
    }

    @Test func `collections are the entity types`() async throws {
        try await Self.test { client in
            let list = try await client.send(.get, "/collections").json
            let ids = list["collections"]?.arrayValue?.compactMap { $0.objectValue?["id"] }
            #expect(ids == ["Stop"])
            let one = try await client.send(.get, "/collections/Stop").json
            #expect(one["itemType"] == "feature")
            #expect(try await client.send(.get, "/collections/Bus").status == .notFound)
            #expect(try await client.send(.get, "/collections/Bus/items").status == .notFound)
        }
    }

    @Test func `a type of another vocabulary has a short name, if no other type has it`()
        async throws
    {
        try await ServedHub().test { client in
            for (number, type) in ["http://a.org/Lamp", "http://a.org/Box", "http://b.org/Box"]
                .enumerated()
            {
                let entity: JSONValue = ["id": .string("urn:x:\(number)"), "type": .string(type)]
                _ = try await client.send(.post, "entities", entity)
            }
            let list = try await client.send(.get, "/collections").json
            let ids = list["collections"]?.arrayValue?.compactMap {
                $0.objectValue?["id"]?.stringValue
            }
            #expect(Set(ids ?? []) == ["Lamp", "http://a.org/Box", "http://b.org/Box"])
            for id in ids ?? [] {
                let path = "/collections/\(QueryItems.encode(id))/items"
                #expect(try await client.send(.get, path).json["numberMatched"] == 1)
            }
        }
    }

    @Test func `features are narrowed by values, on every page`() async throws {
        try await Self.test { client in
            let path = "/collections/Stop/items?q=name%3E%3D%22Stop%203%22"
            #expect(try await client.send(.get, path).json["numberMatched"] == 2)
            let page = try await client.send(.get, path + "&limit=1").json
            let links = page["links"]?.arrayValue?.compactMap(\.objectValue) ?? []
            let next = try #require(links.first { $0["rel"] == "next" }?["href"]?.stringValue)
            let query = try #require(next.split(separator: "?").last)
            let last = try await client.send(.get, "/collections/Stop/items?\(query)").json
            let ids = last["features"]?.arrayValue?.map { $0.objectValue?["id"] }
            #expect(last["numberMatched"] == 2 && ids == ["urn:x:4"])
            let wrong = try await client.send(.get, "/collections/Stop/items?q=%3E%3E")
            #expect(wrong.status == .badRequest)
        }
    }

    @Test func `features have plain values, a geometry and counts`() async throws {
        try await Self.test { client in
            let answer = try await client.send(.get, "/collections/Stop/items?limit=2")
            #expect(answer.headers[.contentType] == "application/geo+json")
            let page = try answer.json
            #expect(page["numberMatched"] == 5)
            #expect(page["numberReturned"] == 2)
            let first = page["features"]?.arrayValue?.first?.objectValue
            #expect(first?["id"] == "urn:x:0")
            #expect(first?["geometry"]?.objectValue?["coordinates"] == [98, 7])
            #expect(first?["properties"] == ["type": "Stop", "name": "Stop 0"])
        }
    }

    @Test func `links lead through all pages`() async throws {
        try await Self.test { client in
            var (path, found) = (Optional("/collections/Stop/items?limit=2"), [JSONValue]())
            while let next = path {
                let page = try await client.send(.get, next).json
                found += (page["features"]?.arrayValue ?? []).compactMap { $0.objectValue?["id"] }
                let links = (page["links"]?.arrayValue ?? []).compactMap(\.objectValue)
                let link = links.first { $0["rel"] == "next" }?["href"]?.stringValue
                path = link?.firstMatch(of: /\/collections.*/).map { String($0.0) }
            }
            #expect(found == (0..<5).map { .string("urn:x:\($0)") })
        }
    }

    @Test(arguments: [
        ("97.9,6.9,98.6,7.6", ["urn:x:0", "urn:x:1"]),
        ("97.9,6.9,0,98.6,7.6,100", ["urn:x:0", "urn:x:1"]),
        ("179,-1,-179,1", ["urn:x:3", "urn:x:4"]), ("0,0,1,1", []),
    ])
    func `bbox narrows, also across the antimeridian`(box: String, ids: [String]) async throws {
        try await Self.test { client in
            let page = try await client.send(.get, "/collections/Stop/items?bbox=\(box)").json
            let found = (page["features"]?.arrayValue ?? []).compactMap {
                $0.objectValue?["id"]?.stringValue
            }
            #expect(found == ids)
            #expect(page["numberMatched"] == .number(JSONNumber(ids.count)))
        }
    }

    @Test(arguments: [
        "bbox=1,2,3", "bbox=1,9,2,3", "bbox=a,b,c,d", "bbox=181,0,182,1", "limit=0", "limit=x",
        "datetime=yesterday", "datetime=2026-01-01T00:00:00Z/x", "crs=http://example.org/crs",
        "f=html", "colour=red",
    ])
    func `parameters that are not understood are refused`(parameters: String) async throws {
        try await Self.test { client in
            let answer = try await client.send(.get, "/collections/Stop/items?\(parameters)")
            #expect(answer.status == .badRequest)
        }
    }

    @Test(arguments: [
        ("2000-01-01T00:00:00Z/..", 5), ("../2000-01-01T00:00:00Z", 0),
        ("2000-01-01T00:00:00Z/2100-01-01T00:00:00Z", 5), ("2000-01-01T00:00:00Z", 0),
    ])
    func `datetime narrows by the last change`(time: String, count: Int) async throws {
        try await Self.test { client in
            let page = try await client.send(.get, "/collections/Stop/items?datetime=\(time)").json
            #expect(page["numberMatched"] == .number(JSONNumber(count)))
        }
    }

    @Test func `a feature is found by its identifier`() async throws {
        try await Self.test { client in
            let feature = try await client.send(.get, "/collections/Stop/items/urn:x:1").json
            #expect(feature["type"] == "Feature")
            #expect(feature["id"] == "urn:x:1")
            let missing = try await client.send(.get, "/collections/Stop/items/urn:x:77")
            #expect(missing.status == .notFound)
        }
    }

    @Test func `the hub says what it conforms to, and describes its routes`() async throws {
        try await Self.test { client in
            let classes = try await client.send(.get, "/conformance").json["conformsTo"]?.arrayValue
            #expect(
                classes?.contains("http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core")
                    == true
            )
            let description = try await client.send(.get, "/api")
            #expect(try description.json["openapi"] == "3.0.3")
        }
    }
}
