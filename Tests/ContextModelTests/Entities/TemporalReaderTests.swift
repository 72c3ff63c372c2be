import Clauses
import ContextModel
import Testing

@Suite struct TemporalReaderTests {
    private static let reader = TemporalReader(context: .core)
    private let first = "2026-01-01T00:00:00Z"
    private let second = "2026-01-02T00:00:00Z"

    private func read(_ members: JSONObject) throws -> Entity {
        var json: JSONObject = ["id": "urn:x:1", "type": "Bus"]
        json.members += members.members
        return try Self.reader.entity(.object(json))
    }

    private func instances(_ name: String, of entity: Entity) -> [Attribute] {
        entity[name == "scope" ? .scope : LDContext.core.expand(name)]
    }

    @Test(
        .clause("4.5.9", "5.2.20", "P_SIMPTEMPORAL_REP", "R_SIMPTEMPORAL_REP"),
        arguments: [
            (["type": "Property", "values": [[1, "T"]]], .property, 1),
            (
                [
                    "type": "GeoProperty",
                    "values": [[["type": "Point", "coordinates": [1, 2]], "T"]],
                ],
                .geoProperty, ["type": "Point", "coordinates": [1, 2]]
            ),
            (["type": "Relationship", "objects": [["urn:a", "T"]]], .relationship, "urn:a"),
            (
                [
                    "type": "LanguageProperty",
                    "languageMaps": [[["languageMap": ["en": "a"]], "T"]],
                ],
                .languageProperty, ["en": "a"]
            ),
            (
                ["type": "VocabProperty", "vocabs": [[["vocab": "Bus"], "T"]]], .vocabProperty,
                "https://uri.etsi.org/ngsi-ld/default-context/Bus"
            ),
            (["type": "JsonProperty", "jsons": [[["json": [1]], "T"]]], .jsonProperty, [1]),
            (["type": "ListProperty", "valueLists": [[[1, 2], "T"]]], .listProperty, [1, 2]),
            (
                ["type": "ListRelationship", "objectLists": [[["urn:a"], "T"]]], .listRelationship,
                ["urn:a"]
            ),
        ] as [(JSONValue, Attribute.Kind, JSONValue)]
    )
    func `pairs of value and time are instances`(
        _ json: JSONValue,
        _ kind: Attribute.Kind,
        _ value: JSONValue
    ) throws {
        let dated = try JSONReader.read(
            Array(
                String(decoding: json.serialized, as: UTF8.self).replacing(
                    "\"T\"",
                    with: "\"\(first)\""
                ).utf8
            )
        )
        let read = instances("speed", of: try read(["speed": dated]))
        #expect(read.map(\.kind) == [kind])
        #expect(read.map(\.value) == [value])
        #expect(read.first?.observedAt?.text == first)
    }

    @Test(.clause("4.5.9")) func `pairs of several datasets keep them apart`() throws {
        let entity = try read([
            "speed": [
                ["type": "Property", "values": [[1, .string(first)], [2, .string(second)]]],
                ["type": "Property", "datasetId": "urn:d", "values": [[3, .string(first)]]],
            ]
        ])
        let read = instances("speed", of: entity)
        #expect(read.map(\.value) == [1, 2, 3])
        #expect(read.map(\.datasetID) == [nil, nil, "urn:d"])
    }

    @Test(.clause("4.5.7", "4.5.8", "5.5.4", "NGSILDNULL"))
    func `the end of an attribute may be given`() throws {
        let entity = try read([
            "speed": [
                ["type": "Property", "value": 1, "observedAt": .string(first)],
                ["type": "Property", "value": "urn:ngsi-ld:null", "deletedAt": .string(second)],
            ],
            "line": ["type": "Relationship", "object": "urn:ngsi-ld:null"],
        ])
        let read = instances("speed", of: entity)
        #expect(read.map(\.value) == [1, "urn:ngsi-ld:null"])
        #expect(read.map { $0.details?.deletedAt?.text } == [nil, second])
        #expect(instances("line", of: entity).map(\.value) == ["urn:ngsi-ld:null"])
        #expect(throws: EntityError.self) { try self.read(["speed": "urn:ngsi-ld:null"]) }
    }

    @Test(.clause("4.5.6", "4.18")) func `a scope may have instances, and the last one holds`()
        throws
    {
        let scoped = try read([
            "scope": [
                ["type": "Property", "value": "/B", "observedAt": .string(second)],
                ["type": "Property", "value": ["A", "/C"], "observedAt": .string(first)],
            ]
        ])
        #expect(scoped.scopes == ["/B"])
        #expect(instances("scope", of: scoped).map(\.value) == ["/B", ["/A", "/C"]])
        let pairs = try read([
            "scope": ["type": "Property", "values": [["/A", .string(first)]]]
        ])
        #expect(instances("scope", of: pairs).map(\.observedAt?.text) == [first])
        let plain = try read(["scope": "/A"])
        #expect(plain.scopes == ["/A"] && instances("scope", of: plain).isEmpty)
    }

    @Test(
        .clause("4.18"),
        arguments: [
            [["type": "Property"]], [["value": "/a b"]], [["value": "/A", "unitCode": "MTR"]],
            [["value": "/A", "observedAt": "soon"]], [["value": "/A"], "/B"],
        ] as [JSONValue]
    )
    func `an invalid instance of a scope is refused`(_ scope: JSONValue) {
        #expect(throws: EntityError.self) { try read(["scope": scope]) }
    }
}
