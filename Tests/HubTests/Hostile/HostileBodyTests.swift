import ContextModel
import NIOHTTP1
import Processes
import Testing

/// Bodies that no client should send: each is refused with a reason, nothing of it is stored, and
/// the hub continues.
@Suite struct HostileBodyTests {
    private static let deep = String(repeating: "[", count: 100_000)
    private static let digits = String(repeating: "9", count: 10_000)

    private static let texts: [HostileRequest] = [
        .body("nothing", "", says: "ends"),
        .body("no JSON", "id=urn:x:1", says: "a value", "i"),
        .body("cut off", #"{"id": "urn:x:1", "type": "T", "#, says: "ends"),
        .body("a string alone", #""urn:x:1""#, says: "object", "urn:x:1"),
        .body("an array", "[]", says: "object", "[]"),
        .body("null", "null", says: "object", "null"),
        .body("deep", #"{"id": "urn:x:1", "type": "T", "a": \#(deep)"#, says: "levels deep"),
        .body(
            "twice the same member",
            #"{"id": "urn:x:1", "type": "T", "id": "urn:x:2"}"#,
            says: "id",
            "twice"
        ),
        .body("NUL", "{\"id\": \"urn:x:1\u{0}\", \"type\": \"T\"}", says: "not valid JSON"),
        .body("NUL in an id", #"{"id": "urn:x:1\u0000", "type": "T"}"#, says: "id"),
        .body("NUL in a name", #"{"id": "urn:x:1", "type": "T", "a\u0000": 1}"#, says: "a"),
        .body("half a surrogate", #"{"id": "urn:x:\ud800", "type": "T"}"#, says: "ud800"),
        .body("NaN", #"{"id": "urn:x:1", "type": "T", "a": NaN}"#, says: "N"),
        .body("a comma too many", #"{"id": "urn:x:1", "type": "T",}"#, says: "}"),
        .body("more behind", #"{"id": "urn:x:1", "type": "T"} {}"#, says: "{"),
        HostileRequest(
            name: "broken UTF-8",
            body: Array(#"{"id": "urn:x:"#.utf8) + [0xC3, 0x28] + Array(#"", "type": "T"}"#.utf8),
            says: ["UTF-8"]
        ),
        HostileRequest(
            name: "a byte order mark",
            body: [0xEF, 0xBB, 0xBF] + Array(#"{"id": "urn:x:1", "type": "T"}"#.utf8),
            says: ["byte order mark"]
        ),
        HostileRequest(name: "UTF-16", body: [0xFE, 0xFF, 0, 0x7B, 0, 0x7D], says: ["JSON"]),
        HostileRequest(
            name: "another media type",
            contentType: "text/plain",
            body: Array("{}".utf8),
            status: 415,
            says: []
        ),
    ]

    private static let members: [HostileRequest] = [
        .body("no id", #"{"type": "T"}"#, says: "id"),
        .body("no type", #"{"id": "urn:x:1"}"#, says: "type"),
        .body("id is a number", #"{"id": 7, "type": "T"}"#, says: "id", "7"),
        .body("id is no URI", #"{"id": "seven", "type": "T"}"#, says: "id", "seven"),
        .body("type is a number", #"{"id": "urn:x:1", "type": 5}"#, says: "type", "5"),
        .body("type is nothing", #"{"id": "urn:x:1", "type": []}"#, says: "type"),
        .body("scope is a number", #"{"id": "urn:x:1", "type": "T", "scope": 5}"#, says: "scope"),
        .attribute("null", "null", says: "speed"),
        .attribute("no value", #"{"type": "Property"}"#, says: "speed", "value"),
        .attribute("no such kind", #"{"type": "Prop", "value": 1}"#, says: "speed", "Prop"),
        .attribute(
            "observedAt is no moment",
            #"{"type": "Property", "value": 1, "observedAt": "yesterday"}"#,
            says: "observedAt",
            "yesterday"
        ),
        .attribute(
            "unitCode is a number",
            #"{"type": "Property", "value": 1, "unitCode": 5}"#,
            says: "unitCode",
            "5"
        ),
        .attribute(
            "object is a number",
            #"{"type": "Relationship", "object": 5}"#,
            says: "object",
            "5"
        ),
        .attribute(
            "languageMap is a text",
            #"{"type": "LanguageProperty", "languageMap": "hello"}"#,
            says: "languageMap",
            "hello"
        ),
        .attribute(
            "a place without coordinates",
            #"{"type": "GeoProperty", "value": {"type": "Point"}}"#,
            says: "coordinates"
        ),
        .attribute(
            "a place off the earth",
            #"{"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1e9, 0]}}"#,
            says: "1e9"
        ),
        .attribute(
            "a place in words",
            #"{"type": "GeoProperty", "value": {"type": "Point", "coordinates": ["a", "b"]}}"#,
            says: "speed.value",
            "a"
        ),
        .attribute(
            "a ring that is open",
            """
            {"type": "GeoProperty", "value": {"type": "Polygon",
            "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}}
            """,
            says: "speed.value",
            "ring"
        ),
        .attribute(
            "a place of no kind",
            #"{"type": "GeoProperty", "value": {"type": "Blob", "coordinates": [0, 0]}}"#,
            says: "Blob"
        ),
    ]

    @Test func `a wrong body is refused with a reason, and nothing of it is stored`()
        async throws
    {
        let hub = try await RealHub(folder: TestFolder())
        try await HubClient.with { client in
            for request in Self.texts + Self.members {
                request.check(try await request.send(to: hub))
            }
            let all = try await client.send(.GET, "/ngsi-ld/v1/entities?local=true", to: hub)
            #expect(all.status == 200)
            #expect(all.text == "[]")
        }
        #expect(await hub.stop() == .exited(0))
    }

    @Test func `a body beyond the limit gets 413, and the hub continues`() async throws {
        let hub = try await RealHub(
            folder: TestFolder(),
            settings: ["BALAI_LIMITS_MAXIMUM_BODY_BYTES": "65536"]
        )
        try await HubClient.with { client in
            let long = String(repeating: "x", count: 70_000)
            let request = HostileRequest.body(
                "long",
                #"{"id": "urn:x:1", "type": "T", "a": "\#(long)"}"#,
                says: "65536",
                status: 413
            )
            request.check(try await request.send(to: hub))
            let all = try await client.send(.GET, "/ngsi-ld/v1/entities?local=true", to: hub)
            #expect(all.text == "[]")
        }
        #expect(await hub.stop() == .exited(0))
    }

    /// Unusual but valid values are stored unchanged.
    @Test(arguments: [
        #"{"type":"Property","value":1e999}"#,
        #"{"type":"Property","value":-1e-999}"#,
        #"{"type":"Property","value":\#(HostileBodyTests.digits)}"#,
        #"{"type":"Property","value":"a\u0000b"}"#,
        #"{"type":"Property","value":{"value":[[[[[1]]]]]}}"#,
        #"{"type":"GeoProperty","value":{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}}"#,
    ])
    func `an odd value is stored, found and shown exactly as it was sent`(
        attribute: String
    ) async throws {
        let hub = try await RealHub(folder: TestFolder())
        try await HubClient.with { client in
            let body = #"{"id":"urn:x:1","type":"T","odd":\#(attribute)}"#
            let answer = try await client.send(
                .POST,
                "/ngsi-ld/v1/entities",
                to: hub,
                headers: [("Content-Type", "application/json")],
                body: Array(body.utf8)
            )
            #expect(answer.status == 201, "\(answer.text)")
            let stored = try await client.send(.GET, "/ngsi-ld/v1/entities/urn:x:1", to: hub)
            #expect(stored.text == body)
            for query in Self.looks {
                let found = try await client.send(.GET, "/ngsi-ld/v1/\(query)", to: hub)
                #expect(found.status == 200, "\(query): \(found.text)")
                #expect(try found.json.objectValue != nil || found.json.arrayValue != nil)
            }
        }
        #expect(await hub.stop() == .exited(0))
    }

    /// Ways to compare, sort by and aggregate a value.
    private static let looks = [
        "entities?type=T&q=odd%3E1", "entities?type=T&q=odd==1..2", "entities?type=T&orderBy=odd",
        "entities?type=T&q=odd~=a", "entities?type=T&options=keyValues",
        "entities?type=T&georel=near;maxDistance==10&geometry=Point&coordinates=[0,0]"
            + "&geoproperty=odd",
        "temporal/entities/urn:x:1",
        "temporal/entities/urn:x:1?options=aggregatedValues&timerel=after"
            + "&timeAt=2000-01-01T00:00:00Z&timeproperty=modifiedAt"
            + "&aggrMethods=sum,avg,min,max,stddev,sumsq,totalCount,distinctCount",
    ]
}
