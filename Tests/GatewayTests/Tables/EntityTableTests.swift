import ContextModel
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import Broker
@testable import Gateway

/// The present state of entities as comma-separated values.
@Suite struct EntityTableTests {
    private static let bus: JSONValue = [
        "id": "urn:x:1", "type": "Bus",
        "speed": [
            "type": "Property", "value": 40, "unitCode": "KMH",
            "observedAt": "2026-01-01T08:00:00Z",
        ],
        "name": ["type": "Property", "value": "Line 1, \"express\""],
        "location": [
            "type": "GeoProperty", "value": ["type": "Point", "coordinates": [98.39, 7.88]],
        ],
        "route": ["type": "Relationship", "object": "urn:x:route"],
        "label": ["type": "LanguageProperty", "languageMap": ["en": "Bus", "th": "รถ"]],
    ]

    @Test(arguments: [false, true])
    func `a table has a row for each instance of an attribute`(isNamedInAccept: Bool) async throws {
        try await ServedHub().test { client in
            _ = try await client.send(.post, "entities", Self.bus)
            let answer =
                isNamedInAccept
                ? try await client.send(
                    .get,
                    "entities?type=Bus&lang=th",
                    headers: [.accept: "text/csv"]
                )
                : try await client.send(.get, "entities?type=Bus&lang=th&format=csv")
            #expect(answer.headers[.contentType] == "text/csv; charset=utf-8; header=present")
            #expect(
                answer.lines == [
                    "time,id,type,attribute,value,unit",
                    "2026-01-01T08:00:00Z,urn:x:1,Bus,speed,40,KMH",
                    ",urn:x:1,Bus,name,\(Self.quoted),",
                    ",urn:x:1,Bus,location,POINT (98.39 7.88),",
                    ",urn:x:1,Bus,route,urn:x:route,",
                    ",urn:x:1,Bus,label,รถ,",
                ]
            )
            #expect(answer.text.hasSuffix("\r\n"))
        }
    }

    /// The name in a cell.
    private static let quoted = "\"Line 1, \"\"express\"\"\""

    @Test func `a wide table has a column for each attribute, in the order asked for`() async throws
    {
        try await ServedHub().test { client in
            _ = try await client.send(.post, "entities", Self.bus)
            try await client.makeBuses([2])
            let all = try await client.send(.get, "entities?type=Bus&format=csv&layout=wide")
            let labels = "\"{\"\"en\"\":\"\"Bus\"\",\"\"th\"\":\"\"รถ\"\"}\""
            #expect(
                all.lines == [
                    "id,type,label,location,name,route,speed",
                    "urn:x:1,Bus,\(labels),POINT (98.39 7.88),\(Self.quoted),urn:x:route,40",
                    "urn:x:2,Bus,,,,,2",
                ]
            )
            let some = try await client.send(
                .get,
                "entities?type=Bus&format=csv&layout=wide&attrs=speed,name"
            )
            #expect(some.lines.first == "id,type,speed,name")
            #expect(some.lines.last == "urn:x:2,Bus,2,")
        }
    }

    @Test func `without a limit a table has all entities, with one a page of them`() async throws {
        try await ServedHub().test { client in
            try await client.makeBuses(Array(1...1_203))
            let all = try await client.send(.get, "entities?type=Bus&format=csv")
            #expect(all.lines.count == 1_204)
            #expect(Set(all.lines).count == 1_204)
            let page = try await client.send(.get, "entities?type=Bus&format=csv&limit=2&offset=3")
            #expect(page.lines.dropFirst() == [",urn:x:4,Bus,speed,4,", ",urn:x:5,Bus,speed,5,"])
            let sorted = try await client.send(
                .get,
                "entities?type=Bus&format=csv&orderBy=speed%3Bdesc"
            )
            #expect(sorted.lines[1] == ",urn:x:1203,Bus,speed,1203,")
            #expect(sorted.lines.last == ",urn:x:1,Bus,speed,1,")
        }
    }

    @Test func `one entity is a table, too; one that is not there is an error`() async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1])
            let one = try await client.send(.get, "entities/urn:x:1?format=csv")
            #expect(one.lines == ["time,id,type,attribute,value,unit", ",urn:x:1,Bus,speed,1,"])
            #expect(try await client.send(.get, "entities/urn:x:9?format=csv").status == .notFound)
        }
    }

    @Test(arguments: [
        "format=csv&layout=tall", "format=csv&join=inline&joinLevel=1", "format=xml",
    ])
    func `what a table cannot be is refused`(parameters: String) async throws {
        try await ServedHub().test { client in
            let answer = try await client.send(.get, "entities?type=Bus&\(parameters)")
            #expect(answer.status == .badRequest)
        }
    }

    @Test func `more entities than a download may have are refused before it begins`() async throws
    {
        var limits = HubLimits()
        limits.maximumDownloadEntities = 3
        try await ServedHub(limits: limits).test { client in
            try await client.makeBuses([1, 2, 3])
            #expect(try await client.send(.get, "entities?type=Bus&format=csv").status == .ok)
            try await client.makeBuses([4])
            #expect(
                try await client.send(.get, "entities?type=Bus&format=csv").status == .forbidden
            )
        }
    }

    @Test func `GeoJSON by an address has all entities, with a limit a page with links`()
        async throws
    {
        try await ServedHub().test { client in
            try await client.makeBuses(Array(1...503))
            let address = "entities?type=Bus&options=keyValues"
            let all = try await client.send(.get, "\(address)&format=geojson")
            let features = try #require(try all.json["features"]?.arrayValue)
            let speeds = Set(features.map { $0.objectValue?["properties"]?.objectValue?["speed"] })
            #expect(features.count == 503 && speeds.count == 503)
            #expect(try all.json["@context"] != nil && all.json["links"] == nil)
            let page = try await client.send(.get, "\(address)&format=geojson&limit=2&offset=3")
            #expect(try page.json["features"]?.arrayValue?.count == 2)
            #expect(try page.json["links"]?.text.contains("\"next\"") == true)
            let standard = try await client.send(
                .get,
                address,
                headers: [.accept: "application/geo+json"]
            )
            #expect(try standard.json["features"]?.arrayValue?.count == 20)
            let none = try await client.send(.get, "\(address)&format=geojson&q=speed%3C0")
            #expect(try none.json["features"]?.arrayValue?.isEmpty == true)
            // The context is where it is in a page.
            var bare: [TestResponse] = []
            for query in ["&q=speed%3C2", "&limit=1"] {
                bare.append(
                    try await client.send(
                        .get,
                        "\(address)&format=geojson\(query)",
                        headers: [.init("Prefer")!: "body=json"]
                    )
                )
            }
            #expect(try bare[0].json["@context"] == nil)
            let links = bare.map { $0.headers[.init("Link")!] ?? "" }
            #expect(!links[0].isEmpty && links[1].hasSuffix(links[0]), "\(links)")
        }
    }

    @Test func `format names GeoJSON as Accept does`() async throws {
        try await ServedHub().test { client in
            _ = try await client.send(.post, "entities", Self.bus)
            let answer = try await client.send(
                .get,
                "entities?type=Bus&format=geojson&options=keyValues"
            )
            #expect(answer.headers[.contentType] == "application/geo+json")
            let feature = try answer.json["features"]?.arrayValue?.first?.objectValue
            #expect(feature?["properties"]?.objectValue?["speed"] == 40)
        }
    }
}

extension TestResponse {
    var text: String { String(buffer: body) }

    /// The lines of a table, which each ends with CR and LF (RFC 4180).
    var lines: [String] {
        text.split(separator: "\r\n", omittingEmptySubsequences: true).map(String.init)
    }
}
