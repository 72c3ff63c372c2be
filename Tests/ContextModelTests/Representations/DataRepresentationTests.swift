import Clauses
import ContextModel
import Testing

/// Reads and writes each item of the data representation (clauses 4.5 to 4.7).
@Suite struct DataRepresentationTests {
    private func shown(
        _ members: JSONObject,
        _ representation: Representation = Representation()
    ) throws -> JSONObject? {
        var json: JSONObject = ["id": "urn:x:1", "type": "Bus"]
        for member in members.members { json[member.key] = member.value }
        let entity = try EntityReader(context: .core).entity(.object(json))
        var writer = JSONWriter(reservingBytes: 256)
        EntityWriter(representation, context: .core).write(entity, to: &writer)
        return try JSONReader.read(writer.bytes).objectValue
    }

    private func isKept(_ attribute: JSONValue, as name: String = "a") throws -> Bool {
        try shown([name: attribute])?[name] == attribute
    }

    private static let property: JSONObject = ["type": "Property", "value": 1]
    private static let relationship: JSONObject = ["type": "Relationship", "object": "urn:x:2"]

    private func with(_ member: String, _ value: JSONValue, _ base: JSONObject) -> JSONValue {
        var object = base
        object[member] = value
        return .object(object)
    }

    @Test(.clause("E_BASE", "E_PROPS", "E_RELS", "4.6.4")) func `an entity has attributes`() throws
    {
        let all: JSONObject = [
            "id": "urn:x:1", "type": "Bus", "p": .object(Self.property),
            "r": .object(Self.relationship),
        ]
        #expect(try shown(["p": .object(Self.property), "r": .object(Self.relationship)]) == all)
    }

    @Test(
        .clause("E_LOCATION", "E_OPSPACE", "E_OBSVSPACE", "GEOJSONGEOM"),
        arguments: ["location", "operationSpace", "observationSpace"],
        [
            ["type": "Point", "coordinates": [1, 2]],
            ["type": "LineString", "coordinates": [[1, 2], [3, 4]]],
            ["type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]],
            ["type": "MultiLineString", "coordinates": [[[1, 2], [3, 4]]]],
            ["type": "Polygon", "coordinates": [[[1, 2], [3, 4], [5, 0], [1, 2]]]],
            ["type": "MultiPolygon", "coordinates": [[[[1, 2], [3, 4], [5, 0], [1, 2]]]]],
        ] as [JSONValue]
    )
    func `an entity has places`(name: String, geometry: JSONValue) throws {
        #expect(try isKept(["type": "GeoProperty", "value": geometry], as: name))
    }

    @Test(
        .clause("P_BASE", "P_OBSVAT", "P_UNITCODE", "P_PROPS", "P_RELS", "P_DATASETID"),
        arguments: [
            ("observedAt", "2026-01-01T00:00:00Z"), ("unitCode", "KMH"), ("datasetId", "urn:d"),
            ("sub", ["type": "Property", "value": "x"]),
            ("sub", ["type": "Relationship", "object": "urn:x:3"]),
        ] as [(String, JSONValue)]
    )
    func `a Property has members`(member: String, value: JSONValue) throws {
        #expect(try isKept(.object(Self.property)))
        #expect(try isKept(with(member, value, Self.property)))
    }

    @Test(
        .clause("R_BASE", "R_OBSVAT", "R_PROPS", "R_RELS", "R_DATASETID"),
        arguments: [
            ("observedAt", "2026-01-01T00:00:00Z"), ("datasetId", "urn:d"),
            ("sub", ["type": "Property", "value": "x"]),
            ("sub", ["type": "Relationship", "object": "urn:x:3"]),
        ] as [(String, JSONValue)]
    )
    func `a Relationship has members`(member: String, value: JSONValue) throws {
        #expect(try isKept(.object(Self.relationship)))
        #expect(try isKept(with(member, value, Self.relationship)))
    }

    @Test(.clause("P_INSTANCEID", "R_INSTANCEID"))
    func `an instance may have an identifier`() throws {
        #expect(try isKept(with("instanceId", "urn:i", Self.property)))
        #expect(try isKept(with("instanceId", "urn:i", Self.relationship)))
    }

    @Test(.clause("P_SYSPROPS", "R_SYSPROPS", "IGNORESYSPROPS"))
    func `system times cannot be given by the caller`() throws {
        for base in [Self.property, Self.relationship] {
            let given = with("createdAt", "2001-01-01T00:00:00Z", base)
            let representation = Representation(showsSystemAttributes: true)
            #expect(try shown(["a": given], representation)?["a"] == .object(base))
        }
    }

    @Test(
        .clause("4.5.18", "4.5.20", "4.5.21", "4.5.22", "4.5.24"),
        arguments: [
            ["type": "LanguageProperty", "languageMap": ["en": "Bus", "th": "รถ"]],
            ["type": "VocabProperty", "vocab": "Open"],
            ["type": "VocabProperty", "vocab": ["A", "B"]],
            ["type": "ListProperty", "valueList": [1, "a", true]],
            [
                "type": "ListRelationship",
                "objectList": [["object": "urn:a"], ["object": "urn:b"]],
            ],
            ["type": "JsonProperty", "json": ["id": "x", "@type": ["y"], "n": nil]],
        ] as [JSONValue]
    )
    func `every other kind of attribute is kept`(attribute: JSONValue) throws {
        #expect(try isKept(attribute))
    }

    @Test(
        .clause("DATETIME", "DATE", "TIME", "URI", "4.6.3"),
        arguments: [
            ["@type": "DateTime", "@value": "2026-01-01T00:00:00Z"],
            ["@type": "Date", "@value": "2026-01-01"], ["@type": "Time", "@value": "10:00:00Z"],
            ["@type": "URI", "@value": "urn:a"], "text", 1.5, true, [1, "a"], ["a": ["b": 1]],
        ] as [JSONValue]
    )
    func `every type of value is kept`(value: JSONValue) throws {
        #expect(try isKept(["type": "Property", "value": value]))
    }

    @Test(.clause("4.5.4")) func `simplified, an attribute is its value`() throws {
        let simple = Representation(format: .simplified)
        let members: JSONObject = [
            "p": .object(Self.property), "r": .object(Self.relationship),
            "many": [["value": 1], ["value": 2, "datasetId": "urn:d"]],
        ]
        #expect(
            try shown(members, simple) == [
                "id": "urn:x:1", "type": "Bus", "p": 1, "r": "urn:x:2",
                "many": ["dataset": ["@none": 1, "urn:d": 2]],
            ]
        )
    }

    @Test(.clause("4.16", "4.18")) func `an entity may have several types and scopes`() throws {
        let shown = try shown(["type": ["Bus", "Tram"], "scope": ["/A", "/B/C"]])
        #expect(shown?["type"] == ["Bus", "Tram"])
        #expect(shown?["scope"] == ["/A", "/B/C"])
    }

    @Test(.clause("4.6.2"), arguments: ["a b", "a(", "a<b", "a=b"])
    func `a name has letters and digits`(name: String) {
        #expect(throws: EntityError.self) { try shown([name: .object(Self.property)]) }
        #expect(throws: EntityError.self) { try shown(["type": .string(name)]) }
    }
}
