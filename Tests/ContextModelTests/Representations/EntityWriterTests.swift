import Clauses
import ContextModel
import Testing

@Suite struct EntityWriterTests {
    private static func iri(_ name: String) -> IRI { LDContext.core.expand(name) }

    private static func entity(_ attributes: JSONObject) throws -> Entity {
        var members = attributes
        members["id"] = "urn:x:1"
        members["type"] = "Bus"
        return try EntityReader(context: .core).entity(.object(members))
    }

    /// The entity's members after `id` and `type`, as JSON text without the braces.
    private func shown(
        _ attributes: JSONObject,
        _ representation: Representation = Representation()
    ) throws -> String {
        let all = text(try Self.entity(attributes), representation)
        let head = "{\"id\":\"urn:x:1\",\"type\":\"Bus\""
        try #require(all.hasPrefix(head))
        return String(all.dropFirst(head.count).dropLast().drop { $0 == "," })
    }

    private func text(
        _ entity: Entity,
        _ representation: Representation = Representation(),
        embedsContext: Bool = false
    ) -> String {
        var json = JSONWriter(reservingBytes: 256)
        EntityWriter(representation, context: .core)
            .write(entity, embedsContext: embedsContext, to: &json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private static let concise = Representation(format: .concise)
    private static let simplified = Representation(format: .simplified)

    /// Each kind in the normalized, concise and simplified representation (clauses 4.5.1 to
    /// 4.5.4).
    private static let kinds: [(JSONValue, String, String, String)] = [
        (1, #"{"type":"Property","value":1}"#, "1", "1"),
        (
            ["value": ["b": 1]], #"{"type":"Property","value":{"b":1}}"#, #"{"value":{"b":1}}"#,
            #"{"b":1}"#
        ),
        (
            ["object": "urn:x:2"], #"{"type":"Relationship","object":"urn:x:2"}"#,
            #"{"object":"urn:x:2"}"#, #""urn:x:2""#
        ),
        (
            ["type": "Point", "coordinates": [1, 2]],
            #"{"type":"GeoProperty","value":{"type":"Point","coordinates":[1,2]}}"#,
            #"{"type":"Point","coordinates":[1,2]}"#, #"{"type":"Point","coordinates":[1,2]}"#
        ),
        (
            ["languageMap": ["en": "Bus"]],
            #"{"type":"LanguageProperty","languageMap":{"en":"Bus"}}"#,
            #"{"languageMap":{"en":"Bus"}}"#, #"{"languageMap":{"en":"Bus"}}"#
        ),
        (
            ["vocab": ["Open", "Wet"]], #"{"type":"VocabProperty","vocab":["Open","Wet"]}"#,
            #"{"vocab":["Open","Wet"]}"#, #"{"vocab":["Open","Wet"]}"#
        ),
        (
            ["json": ["b": nil]], #"{"type":"JsonProperty","json":{"b":null}}"#,
            #"{"json":{"b":null}}"#, #"{"json":{"b":null}}"#
        ),
        (
            ["valueList": [1, 2]], #"{"type":"ListProperty","valueList":[1,2]}"#,
            #"{"valueList":[1,2]}"#, "[1,2]"
        ),
    ]

    @Test(arguments: kinds)
    func `every kind is shown in every representation`(
        json: JSONValue,
        normalized: String,
        concise: String,
        simplified: String
    ) throws {
        #expect(try shown(["a": json]) == "\"a\":\(normalized)")
        #expect(try shown(["a": json], Self.concise) == "\"a\":\(concise)")
        #expect(try shown(["a": json], Self.simplified) == "\"a\":\(simplified)")
    }

    @Test func `a list of objects is shown as objects`() throws {
        let json: JSONObject = ["a": ["objectList": ["urn:x:2", "urn:x:3"]]]
        let list = #"[{"object":"urn:x:2"},{"object":"urn:x:3"}]"#
        #expect(try shown(json) == #""a":{"type":"ListRelationship","objectList":\#(list)}"#)
        #expect(try shown(json, Self.concise) == #""a":{"objectList":\#(list)}"#)
        #expect(try shown(json, Self.simplified) == #""a":["urn:x:2","urn:x:3"]"#)
    }

    @Test func `a concise value with members or sub-attributes is an object`() throws {
        let json: JSONObject = ["a": ["value": 1, "unitCode": "KMH", "b": 2]]
        #expect(
            try shown(json)
                == #""a":{"type":"Property","value":1,"unitCode":"KMH","b":{"type":"Property","value":2}}"#
        )
        #expect(try shown(json, Self.concise) == #""a":{"value":1,"unitCode":"KMH","b":2}"#)
        #expect(try shown(json, Self.simplified) == #""a":1"#)
    }

    @Test func `several instances are an array, and simplified a dataset`() throws {
        let json: JSONObject = ["a": [["value": 1], ["value": 2, "datasetId": "urn:x:gps"]]]
        #expect(
            try shown(json, Self.concise)
                == #""a":[{"value":1},{"value":2,"datasetId":"urn:x:gps"}]"#
        )
        #expect(
            try shown(json, Self.simplified) == #""a":{"dataset":{"@none":1,"urn:x:gps":2}}"#
        )
    }

    /// Values that a reader of the concise representation could mistake for something else.
    static let ambiguous: [JSONValue] = [
        [["value": 1]], [["value": 1], 2], [["type": "Property"]], [["object": "urn:x:2"]], [],
        [["type": "Point", "coordinates": [1, 2]]], ["type": "Point", "coordinates": [1, 2]],
        ["type": "Bus"], ["value": 1], [:], [[["value": 1]]], [1, 2], "urn:x:2",
        [["@type": "Property", "a": 1]],
    ]

    @Test(.clause("4.5.2.3", "4.5.5"), arguments: ambiguous)
    func `the concise representation reads back as it was`(value: JSONValue) throws {
        let property: JSONObject = ["type": "Property", "value": value]
        var (other, sub) = (property, property)
        other["datasetId"] = "urn:x:gps"
        sub["by"] = .array([.object(property), .object(other)])
        let place: JSONValue = [
            "type": "GeoProperty", "value": ["type": "Point", "coordinates": [1, 2]],
        ]
        var gps = place.objectValue ?? [:]
        gps["datasetId"] = "urn:x:gps"
        let entity = try Self.entity([
            "alone": .object(property), "several": .array([.object(property), .object(other)]),
            "sub": .object(sub), "lone": .object(other), "place": place,
            "places": .array([place, .object(gps)]),
        ])
        let json = try JSONReader.read(Array(text(entity, Self.concise).utf8))
        #expect(try EntityReader(context: .core).entity(json) == entity)
        let several = try #require(json.objectValue?["several"]?.arrayValue)
        #expect(several.allSatisfy { $0.objectValue?["value"] == value })
    }

    @Test func `only the requested instances are shown`() throws {
        let json: JSONObject = [
            "a": [["value": 1], ["value": 2, "datasetId": "urn:x:gps"]], "b": 3,
        ]
        var representation = Self.concise
        representation.datasetIDs = ["urn:x:gps"]
        #expect(try shown(json, representation) == #""a":{"value":2,"datasetId":"urn:x:gps"}"#)
        representation.datasetIDs = [nil]
        #expect(try shown(json, representation) == #""a":1,"b":3"#)
    }

    @Test(
        arguments: [
            (["th"], "ก", "th"), (["de", "en"], "b", "en"), (["en-gb"], "b", "en"),
            (["de"], "c", "@none"), (["*"], "c", "@none"), (["pt"], "d", "pt-BR"),
            ([], "c", "@none"),
        ]
    )
    func `the preferred language is shown, or else the one for all`(
        wanted: [String],
        text: String,
        language: String
    ) throws {
        let json: JSONObject = [
            "a": ["languageMap": ["th": "ก", "en": "b", "@none": "c", "pt-BR": "d"]]
        ]
        var representation = Representation(languages: LanguageFilter(wanted))
        #expect(
            try shown(json, representation)
                == #""a":{"type":"Property","value":"\#(text)","lang":"\#(language)"}"#
        )
        representation.format = .simplified
        #expect(try shown(json, representation) == #""a":"\#(text)""#)
    }

    @Test func `system times are shown on request`() throws {
        let now = Timestamp(microseconds: 0)
        let bus = try #require(EntityChange.creation(of: Self.entity(["a": 1]), at: now).after)
        #expect(!text(bus).contains("createdAt"))
        let times = #""createdAt":"1970-01-01T00:00:00Z","modifiedAt":"1970-01-01T00:00:00Z""#
        #expect(
            text(bus, Representation(format: .concise, showsSystemAttributes: true))
                == #"{"id":"urn:x:1","type":"Bus",\#(times),"a":{"value":1,\#(times)}}"#
        )
    }

    @Test func `only what is picked is shown`() throws {
        let bus = try Self.entity(["a": 1, "b": 2, "scope": ["/p", "/q"]])
        let some = Projection(attributes: [Self.iri("a")], entityMembers: ["id"])
        #expect(
            text(bus, Representation(format: .simplified, projection: some))
                == #"{"id":"urn:x:1","a":1}"#
        )
        let none = Projection(attributes: [], entityMembers: ["scope"])
        #expect(
            text(bus, Representation(format: .simplified, projection: none))
                == #"{"scope":["/p","/q"]}"#
        )
    }

    @Test func `what is omitted is not shown`() throws {
        let bus = try Self.entity(["a": 1, "b": 2])
        let rest = Projection(omittedAttributes: [Self.iri("a")], omittedEntityMembers: ["type"])
        #expect(
            text(bus, Representation(format: .simplified, projection: rest))
                == #"{"id":"urn:x:1","b":2}"#
        )
    }

    @Test func `a body that needs its @context has it`() throws {
        let bus = try Self.entity([:])
        #expect(
            text(bus, embedsContext: true)
                == #"{"id":"urn:x:1","type":"Bus","@context":"\#(CoreContext.url)"}"#
        )
    }

    @Test func `names unknown to the reader's @context are shown in full`() throws {
        var bus = try Self.entity([:])
        bus.types = [IRI("https://city.example/Bus"), Self.iri("Bus")]
        bus.attributes = [
            NamedAttribute(
                name: IRI("https://city.example/a"),
                instances: [Attribute(kind: .property, value: 1)]
            )
        ]
        #expect(
            text(bus, Self.simplified)
                == #"{"id":"urn:x:1","type":["https://city.example/Bus","Bus"],"https://city.example/a":1}"#
        )
    }

    @Test func `a written header reads back as it was`() throws {
        for (json, _, _, _) in Self.kinds {
            let bus = try Self.entity(["a": json])
            for format in [Representation.Format.normalized, .concise] {
                let again = try JSONReader.read(
                    Array(text(bus, Representation(format: format)).utf8)
                )
                #expect(try EntityReader(context: .core).entity(again) == bus)
            }
        }
    }
}
