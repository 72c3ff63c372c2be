import Broker
import Clauses
import ContextModel
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import Gateway

/// The parts of the HTTP binding that all operations share (clause 6.3).
@Suite struct ExchangeTests {
    private static let core = JSONValue.string(CoreContext.url)
    private static let next = "<https://x.example/>; rel=\"next\""
    private static let inline: JSONValue = ["Bus": "https://city.example/Bus"]

    /// Runs the body with the URL of an `@context` that has a term for Bus, and one Bus of it.
    private func withContext(
        _ body: @escaping @Sendable (ServedClient, _ url: String) async throws -> Void
    ) async throws {
        try await ServedHub().test { client in
            let document: JSONValue = ["@context": Self.inline]
            let made = try await client.send(.post, "jsonldContexts", document)
            let url = "http://hub.example" + (try #require(made.headers[.location]))
            let bus: JSONValue = [
                "id": "urn:x:1", "type": "https://city.example/Bus",
                "location": ["type": "Point", "coordinates": [8, 49]],
            ]
            #expect(try await client.send(.post, "entities", bus).status == .created)
            try await body(client, url)
        }
    }

    private static func lines(_ name: HTTPField.Name, _ values: String...) -> HTTPFields {
        var headers = HTTPFields()
        for value in values { headers.append(HTTPField(name: name, value: value)) }
        return headers
    }

    // MARK: Headers are lists (RFC 9110 clause 5.3)

    @Test(.clause("6.3.5")) func `a Link is read from all its lines`() async throws {
        try await withContext { client, url in
            let link = LinkHeader.value(for: url)
            let both = Self.lines(.link, Self.next, link)
            let answer = try await client.send(.get, "entities?type=Bus", headers: both)
            #expect(try answer.ids == ["urn:x:1"])
            let bus: JSONValue = ["id": "urn:x:2", "type": "Bus"]
            #expect(try await client.send(.post, "entities", bus, headers: both).status == .created)
            let kept = try await client.send(.get, "entities/urn:x:2")
            #expect(try kept.json["type"] == "https://city.example/Bus")

            for wrong in [
                Self.lines(.link, link, LinkHeader.value(for: "https://x.example/c")),
                Self.lines(.link, Self.next, url), Self.lines(.link, link, link),
            ] {
                let refused = try await client.send(.get, "entities?type=Bus", headers: wrong)
                #expect(refused.status == .badRequest)
            }
        }
    }

    @Test(.clause("6.3.6")) func `Accept and Prefer are read from all their lines`() async throws {
        try await withContext { client, _ in
            let path = "entities/urn:x:1"
            let accept = Self.lines(.accept, "text/html", "application/ld+json")
            let answer = try await client.send(.get, path, headers: accept)
            #expect(answer.headers[.contentType] == "application/ld+json")
            let prefer = Self.lines(.prefer, "respond-async", "ngsi-ld=1.6")
            let older = try await client.send(.get, path, headers: prefer)
            #expect(older.headers[.preferenceApplied] == "ngsi-ld=1.6")
        }
    }

    // MARK: URLs (RFC 3986 clause 2.2)

    @Test(arguments: ["http://a/b", "urn:x:a/b", "urn:x:a%2Fb", "urn:x:ä?b#c"])
    func `a created resource is found at the URL in the answer`(id: String) async throws {
        try await ServedHub().test { client in
            let identifier = JSONValue.string(id)
            let instance: JSONValue = ["value": 1, "observedAt": "2026-01-01T00:00:00Z"]
            let bodies: [(path: String, body: JSONValue)] = [
                ("entities", ["type": "Bus"]),
                ("temporal/entities", ["type": "Bus", "n": .array([instance])]),
                (
                    "subscriptions",
                    [
                        "type": "Subscription", "entities": [["type": "Bus"]],
                        "notification": ["endpoint": ["uri": "http://r.example/"]],
                    ]
                ),
                (
                    "csourceRegistrations",
                    [
                        "type": "ContextSourceRegistration", "endpoint": "http://s.example/",
                        "information": [["entities": [["type": "Bus"]]]],
                    ]
                ),
                (
                    "csourceSubscriptions",
                    [
                        "type": "Subscription", "entities": [["type": "Bus"]],
                        "notification": ["endpoint": ["uri": "http://r.example/"]],
                    ]
                ),
                (
                    "snapshots",
                    [
                        "type": "Snapshot",
                        "snapshotQueries": [["type": "Query", "entities": [["type": "Bus"]]]],
                    ]
                ),
            ]
            for (path, members) in bodies {
                var body = members.objectValue ?? [:]
                // The entity that the first of them made would be updated.
                body["id"] = path == "temporal/entities" ? .string(id + "2") : identifier
                let made = try await client.send(.post, path, .object(body))
                #expect(made.status == .created, "\(path)")
                let place = try #require(made.headers[.location])
                #expect(place.split(separator: "/").count == path.split(separator: "/").count + 3)
                let found = try await client.send(.get, place)
                #expect(found.status == .ok, "\(place)")
                #expect(try found.json["id"] == body["id"])
            }
            let query = QueryItems(["id": id + ",urn:x:z", "type": "Bus", "limit": "1"]).urlQuery
            #expect(!query.contains("/"))
            let page = try await client.send(.get, "entities?\(query)")
            #expect(try page.ids == [id])
        }
    }

    // MARK: The @context of an answer

    @Test(
        .clause("4.4", "6.3.6"),
        arguments: [
            "entities/urn:x:1", "entities?type=Bus", "temporal/entities/urn:x:1", "types",
            "types/Bus", "attributes?details=true",
        ]
    )
    func `in ld+json the core @context is last`(path: String) async throws {
        try await withContext { client, url in
            let headers: HTTPFields = [
                .link: LinkHeader.value(for: url), .accept: "application/ld+json",
            ]
            let answer = try await client.send(.get, path, headers: headers)
            #expect(answer.status == .ok && answer.headers[.link] == nil)
            let json = try JSONReader.read(answer.body.readableBytesView)
            let object = json.arrayValue?.first ?? json
            #expect(object.objectValue?["@context"] == .array([.string(url), Self.core]))
            let plain = try await client.send(.get, path, headers: [.accept: "application/ld+json"])
            let whole = try JSONReader.read(plain.body.readableBytesView)
            if path != "types/Bus", path != "entities?type=Bus" {
                #expect((whole.arrayValue?.first ?? whole).objectValue?["@context"] == Self.core)
            }
        }
    }

    @Test(.clause("4.4", "6.3.6")) func `in GeoJSON the core @context is last`() async throws {
        try await withContext { client, url in
            for path in ["entities/urn:x:1", "entities?type=Bus"] {
                let headers: HTTPFields = [
                    .link: LinkHeader.value(for: url), .accept: "application/geo+json",
                ]
                let answer = try await client.send(.get, path, headers: headers)
                #expect(try answer.json["@context"] == .array([.string(url), Self.core]))
            }
        }
    }

    @Test(.clause("6.3.6")) func `the Link of a POST's answer leads to the @context of its body`()
        async throws
    {
        try await withContext { client, url in
            let ofBuses: JSONObject = ["type": "Query", "entities": [["type": "Bus"]]]
            let over: JSONValue = [
                "timerel": "after", "timeAt": "2020-01-01T00:00:00Z", "timeproperty": "modifiedAt",
            ]
            for path in ["entityOperations/query", "temporal/entityOperations/query"] {
                let references: [JSONValue] = [
                    Self.inline, .array([.string(url), ["a": "https://city.example/a"]]),
                    .array([Self.inline, Self.core]),
                ]
                for reference in references {
                    var body = ofBuses
                    body["@context"] = reference
                    if path.hasPrefix("temporal") { body["temporalQ"] = over }
                    var headers: HTTPFields = [.contentType: "application/ld+json"]
                    let answer = try await client.send(.post, path, .object(body), headers: headers)
                    let link = try LinkHeader.context(in: answer.headers[values: .link])
                    let place = try #require(link).dropFirst("http://hub.example".count)
                    let served = try await client.send(.get, String(place))
                    #expect(try served.json["@context"] == reference)
                    #expect(try answer.ids == ["urn:x:1"])

                    headers[.accept] = "application/ld+json"
                    let whole = try await client.send(.post, path, .object(body), headers: headers)
                    #expect(whole.headers[.link] == nil)
                    let entity = try JSONReader.read(whole.body.readableBytesView).arrayValue?.first
                    #expect(entity?.objectValue?["@context"] == reference.endingWithCore)
                }
                var body = ofBuses
                body["@context"] = .array([.string(url), Self.core])
                if path.hasPrefix("temporal") { body["temporalQ"] = over }
                let headers: HTTPFields = [.contentType: "application/ld+json"]
                let answer = try await client.send(.post, path, .object(body), headers: headers)
                #expect(try LinkHeader.context(in: answer.headers[values: .link]) == url)
            }
        }
    }
}
