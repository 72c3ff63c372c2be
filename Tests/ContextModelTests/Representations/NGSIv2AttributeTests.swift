import Testing

@testable import ContextModel

@Suite struct NGSIv2AttributeTests {
    private func normalized(
        _ type: String?,
        _ value: JSONValue,
        _ metadata: JSONObject = [:],
        _ order: NGSIv2Attribute.PointOrder = .latitudeFirst
    ) throws -> JSONObject? {
        try NGSIv2Attribute(type: type, value: value, metadata: metadata, pointOrder: order)
            .normalized()
    }

    @Test(
        arguments: [
            ("Number", "3", 3), ("Number", 3.5, 3.5), ("Integer", " 4 ", 4), ("Float", "1e2", 100),
            ("Boolean", "true", true), ("boolean", 0, false), (nil, "text", "text"),
            ("Text", "3", "3"), ("StructuredValue", ["a": 1], ["a": 1]), ("command", "", ""),
            (
                "DateTime", "2026-05-01T10:00:00+02:00",
                ["@type": "DateTime", "@value": "2026-05-01T08:00:00Z"]
            ),
        ] as [(String?, JSONValue, JSONValue)]
    )
    func `a value becomes what its type says`(
        type: String?,
        value: JSONValue,
        expected: JSONValue
    ) throws {
        let attribute = try #require(try normalized(type, value))
        #expect(attribute == ["type": "Property", "value": expected])
    }

    @Test(
        arguments: [
            ("Number", "warm"), ("Number", true), ("Boolean", "maybe"), ("DateTime", "yesterday"),
            ("DateTime", 3), ("Relationship", "no URI"), ("Relationship", 7), ("geo:point", "1"),
            ("geo:point", "1,2,3,4"), ("geo:point", "91,0"), ("geo:point", "a,b"),
            ("geo:point", true),
            ("geo:box", ["1,2"]), ("geo:line", ["1,2", "3"]),
        ] as [(String, JSONValue)]
    )
    func `what is not of its type is refused`(type: String, value: JSONValue) {
        #expect(throws: EntityError.self) { try normalized(type, value) }
    }

    @Test func `no value is no attribute`() throws {
        #expect(try normalized("Number", nil) == nil)
        #expect(try normalized("Number", " ") == nil)
        #expect(try normalized(nil, nil) == nil)
    }

    @Test func `places have the order of who sends them`() throws {
        let point: JSONValue = ["type": "Point", "coordinates": [13.4, 52.5]]
        #expect(try normalized("geo:point", "52.5, 13.4")?["value"] == point)
        #expect(try normalized("geo:point", "13.4,52.5", [:], .longitudeFirst)?["value"] == point)
        #expect(try normalized("Point", [13.4, 52.5], [:], .longitudeFirst)?["value"] == point)
        #expect(try normalized("geo:json", point)?["value"] == point)
        #expect(try normalized("geo:json", point)?["type"] == "GeoProperty")
        #expect(
            try normalized("geo:line", ["1,2", "3,4"])?["value"]
                == ["type": "LineString", "coordinates": [[2, 1], [4, 3]]]
        )
        #expect(
            try normalized("geo:box", ["1,2", "3,4"])?["value"]
                == [
                    "type": "Polygon",
                    "coordinates": [[[2, 1], [4, 1], [4, 3], [2, 3], [2, 1]]],
                ]
        )
    }

    @Test func `metadata becomes members and attributes of the attribute`() throws {
        let attribute = try normalized(
            "Number",
            3,
            [
                "unitCode": ["type": "Text", "value": "CEL"],
                "TimeInstant": ["type": "DateTime", "value": "2026-05-01T08:00:00Z"],
                "accuracy": ["type": "Number", "value": "0.5"],
                "dateModified": ["type": "DateTime", "value": "2026-05-01T08:00:00Z"],
                "nothing": ["type": "Text", "value": nil],
            ]
        )
        #expect(
            attribute == [
                "type": "Property", "value": 3, "unitCode": "CEL",
                "observedAt": "2026-05-01T08:00:00Z",
                "accuracy": ["type": "Property", "value": 0.5],
            ]
        )
        #expect(throws: EntityError.self) {
            try normalized("Number", 3, ["TimeInstant": ["value": "soon"]])
        }
    }

    @Test func `kinds of NGSI-LD keep their members`() throws {
        #expect(
            try normalized("Relationship", "urn:ngsi-ld:Store:1")
                == ["type": "Relationship", "object": "urn:ngsi-ld:Store:1"]
        )
        #expect(
            try normalized("LanguageProperty", ["th": "x"])
                == ["type": "LanguageProperty", "languageMap": ["th": "x"]]
        )
    }
}
