import Clauses
import ContextModel
import Testing

@Suite struct AttributeReaderTests {
    private func iri(_ name: String) -> IRI { LDContext.core.expand(name) }

    private func instances(
        _ json: JSONValue,
        _ options: EntityReader.Options = .init()
    ) throws -> [AttributeFragment] {
        let reader = EntityReader(context: .core, options: options)
        return try #require(reader.fragment(["a": json]).attributes.first).instances
    }

    private func one(
        _ json: JSONValue,
        _ options: EntityReader.Options = .init()
    ) throws -> AttributeFragment {
        let all = try instances(json, options)
        #expect(all.count == 1)
        return try #require(all.first)
    }

    private func detail(_ json: JSONValue, _ options: EntityReader.Options = .init()) -> String {
        do {
            _ = try instances(json, options)
            return "it was read"
        } catch {
            return (error as? EntityError)?.detail ?? "\(error)"
        }
    }

    private static let point: JSONValue = ["type": "Point", "coordinates": [98.3, 7.9]]

    /// Each kind in the normalized representation, with the stored value.
    private static let kinds: [(JSONValue, Attribute.Kind, JSONValue)] = [
        (["type": "Property", "value": ["b": 1]], .property, ["b": 1]),
        (["type": "Relationship", "object": "urn:x:2"], .relationship, "urn:x:2"),
        (["type": "Relationship", "object": ["urn:x:2"]], .relationship, ["urn:x:2"]),
        (["type": "GeoProperty", "value": point], .geoProperty, point),
        (["type": "LanguageProperty", "languageMap": ["th": "ก"]], .languageProperty, ["th": "ก"]),
        (
            ["type": "VocabProperty", "vocab": "Open"], .vocabProperty,
            "https://uri.etsi.org/ngsi-ld/default-context/Open"
        ),
        (["type": "JsonProperty", "json": ["b": nil]], .jsonProperty, ["b": nil]),
        (["type": "ListProperty", "valueList": [1, "b"]], .listProperty, [1, "b"]),
        (
            ["type": "ListRelationship", "objectList": [["object": "urn:x:2"], "urn:x:3"]],
            .listRelationship, ["urn:x:2", "urn:x:3"]
        ),
    ]

    @Test(arguments: kinds)
    func `every kind is read, with its type and without`(
        json: JSONValue,
        kind: Attribute.Kind,
        value: JSONValue
    ) throws {
        #expect(try one(json).complete == Attribute(kind: kind, value: value))
        var concise = try #require(json.objectValue)
        concise["type"] = nil
        #expect(try one(.object(concise)).complete == Attribute(kind: kind, value: value))
    }

    @Test(arguments: [1, "text", true, [1, 2], [[1], [2]], ["a", ["b": 1]]] as [JSONValue])
    func `a bare value is a Property`(value: JSONValue) throws {
        #expect(try one(value).complete == Attribute(kind: .property, value: value))
    }

    @Test func `a bare geometry is a GeoProperty`() throws {
        #expect(
            try one(Self.point).complete == Attribute(kind: .geoProperty, value: Self.point)
        )
    }

    @Test func `the members of an attribute are kept`() throws {
        let read = try one([
            "type": "Property", "value": 1, "unitCode": "KMH", "datasetId": "urn:x:gps",
            "observedAt": "2026-01-31T08:00:00Z", "expiresAt": "2027-01-31T08:00:00Z",
            "valueType": "xsd:int", "ngsildproof": ["value": [:]],
            "createdAt": "2001-01-01T00:00:00Z",
            "accuracy": ["type": "Property", "value": 2],
        ])
        let attribute = try #require(read.complete)
        #expect(attribute.unitCode == "KMH")
        #expect(attribute.datasetID == "urn:x:gps")
        #expect(attribute.observedAt?.text == "2026-01-31T08:00:00Z")
        #expect(attribute.details?.expiresAt?.text == "2027-01-31T08:00:00Z")
        #expect(attribute.details?.valueType == "xsd:int")
        #expect(attribute.details?.proof == ["value": [:]])
        #expect(attribute.createdAt == nil)
        #expect(attribute.attributes.map(\.name) == [iri("accuracy")])
        #expect(attribute.attributes.first?.instances.first?.value == 2)
    }

    @Test func `the type of a target is expanded`() throws {
        let read = try one(["object": "urn:x:2", "objectType": ["Bus", "Tram"]])
        #expect(read.details?.objectTypes == [iri("Bus"), iri("Tram")])
    }

    @Test func `several instances differ in their datasetId`() throws {
        let read = try instances([
            ["value": 1], ["type": "Property", "value": 2, "datasetId": "urn:x:gps"],
        ])
        #expect(read.map(\.value) == [1, 2])
        #expect(read.map(\.datasetID) == [nil, "urn:x:gps"])
        #expect(detail([["value": 1], ["value": 2]]).contains("'a'"))
        let same = detail([
            ["value": 1, "datasetId": "urn:x:gps"], ["value": 2, "datasetId": "urn:x:gps"],
        ])
        #expect(same.contains("'urn:x:gps'"))
        #expect(try one(["value": 1, "datasetId": "@none"]).datasetID == nil)
    }

    @Test func `in an evolution, one datasetId may have many instances`() throws {
        let read = try instances([["value": 1], ["value": 2]], .init(isTemporal: true))
        #expect(read.map(\.value) == [1, 2])
    }

    @Test func `a simplified value has no kind, unless it is a geometry`() throws {
        let options = EntityReader.Options(isSimplified: true)
        for value in [1, "urn:x:2", ["value": 1], [["value": 1], ["value": 2]]] as [JSONValue] {
            let read = try one(value, options)
            #expect(read.kind == nil)
            #expect(read.value == value)
        }
        #expect(try one(Self.point, options).kind == .geoProperty)
    }

    @Test(
        arguments: [
            "urn:ngsi-ld:null", ["value": "urn:ngsi-ld:null"],
            ["type": "Relationship", "object": "urn:ngsi-ld:null"],
            ["type": "LanguageProperty", "languageMap": ["@none": "urn:ngsi-ld:null"]],
            ["type": "VocabProperty", "vocab": "urn:ngsi-ld:null"],
            ["type": "JsonProperty", "json": "urn:ngsi-ld:null"],
            ["type": "ListProperty", "valueList": ["urn:ngsi-ld:null"]],
            ["type": "ListRelationship", "objectList": ["urn:ngsi-ld:null"]],
        ] as [JSONValue]
    )
    func `NGSI-LD Null removes where that is allowed, and is refused elsewhere`(
        json: JSONValue
    ) throws {
        #expect(try one(json, .init(allowsNull: true)).isNull)
        #expect(detail(json).contains("'a' is urn:ngsi-ld:null"))
    }

    @Test func `members and sub-attributes can be removed one by one`() throws {
        let json: JSONValue = [
            "value": 1, "unitCode": "urn:ngsi-ld:null", "observedAt": "urn:ngsi-ld:null",
            "accuracy": "urn:ngsi-ld:null",
        ]
        let read = try one(json, .init(allowsNull: true))
        #expect(read.removedMembers == ["unitCode", "observedAt"])
        #expect(read.attributes.map(\.instances.first?.isNull) == [true])
        #expect(detail(json) != "it was read")
    }

    @Test func `null inside a value is for merges alone`() throws {
        let json: JSONValue = ["value": ["b": ["urn:ngsi-ld:null", 1]]]
        #expect(try one(json, .init(allowsNull: true, allowsNullInside: true)).isNull == false)
        #expect(throws: EntityError.self) { try one(json, .init(allowsNull: true)) }
        #expect(detail(json).contains("'a'"))
    }

    @Test(
        .clause("4.5.2.3"),
        arguments: [EntityReader.Options(), .init(allowsNull: true), .init(isTemporal: true)]
    )
    func `an object without members of an attribute is a value`(
        options: EntityReader.Options
    ) throws {
        for value: JSONValue in [
            ["city": "Phuket"], ["city": ["name": "Phuket"], "codes": [1, 2]], ["unit": "KMH"],
        ] {
            let read = try one(value, options)
            #expect(read.kind == .property && read.value == value && read.attributes.isEmpty)
            let inside = try one(["value": 1, "b": value], options)
            #expect(inside.attributes.first?.instances.first?.value == value)
        }
    }

    @Test(
        arguments: [
            ["type": "PostalAddress", "city": "Phuket"], ["observedAt": "2026-01-31T08:00:00Z"],
            ["city": "Phuket", "unitCode": "KMH"], ["accuracy": ["type": "Property", "value": 1]],
            ["accuracy": ["value": 1]], [:],
        ] as [JSONValue]
    )
    func `an object that may be an attribute needs a value, and the message explains it`(
        json: JSONValue
    ) {
        for options in [EntityReader.Options(), .init(allowsNull: true)] {
            #expect(detail(json, options).contains(#"{"value": {…}}"#))
        }
    }

    @Test func `a partial object is an attribute, not a value`() throws {
        let read = try one(["accuracy": 1], .init(allowsNull: true, isPartial: true))
        #expect(read.value == nil)
        #expect(read.attributes.map(\.name) == [iri("accuracy")])
    }

    @Test(.clause("4.5.18"))
    func `languages are tags of RFC 5646, or none`() throws {
        let map: JSONValue = ["en": "a", "zh-Hant-TW": ["b", "c"], "@none": "d"]
        #expect(try one(["languageMap": map]).value == map)
        for tag in ["", "english language", "en_GB", "@null", "1"] {
            let json: JSONValue = ["languageMap": .object([tag: "a"])]
            #expect(detail(json).contains("'\(tag)'"))
        }
    }

    @Test func `a fragment may have no value where it is partial`() throws {
        let json: JSONValue = ["unitCode": "KMH"]
        let read = try one(json, .init(allowsNull: true, isPartial: true))
        #expect(read.value == nil && read.kind == nil && read.complete == nil)
        #expect(detail(json).contains("'a' has no 'value'"))
        #expect(detail(["type": "Relationship"]).contains("'a' has no 'object'"))
    }

    @Test(
        arguments: [
            (nil, "'a'"), (["value": nil], "'a.value'"), (["type": "Thing", "value": 1], "'a'"),
            (["type": 1, "value": 1], "'a'"), (["value": 1, "object": "urn:x:2"], "'object'"),
            (["type": "Relationship", "value": "urn:x:2"], "'value'"),
            (["object": "x"], "'a.object'"), (["object": []], "'a.object'"),
            (["type": "GeoProperty", "value": 1], "'a.value'"),
            (["languageMap": "x"], "'a.languageMap'"),
            (["languageMap": ["th": 1]], "'a.languageMap.th'"), (["vocab": 1], "'a.vocab'"),
            (["vocab": []], "'a.vocab'"), (["valueList": 1], "'a.valueList'"),
            (["objectList": "urn:x:2"], "'a.objectList'"),
            (["objectList": [1]], "'a.objectList'"),
            (["value": 1, "observedAt": "now"], "'a.observedAt'"),
            (["value": 1, "unitCode": 1], "'a.unitCode'"),
            (["value": 1, "datasetId": "x"], "'a.datasetId'"),
            (["value": 1, "@context": [:]], "'a'"),
            (["value": 1, "b": ["object": "x"]], "'a.b.object'"),
            (["value": 1, "b c": 1], "'b c'"), (["json": 1], "'a.json'"),
            (["json": nil], "'a.json'"),
            (["value": 1, "observedAt": "2026-01-31T08:00:00+07:00"], "'a.observedAt'"),
            (["value": 1, "observedAt": "2026-01-31T08:00:00.123456789Z"], "'a.observedAt'"),
            (["value": ["type": "GeometryCollection", "geometries": []]], "'a.value'"),
        ] as [(JSONValue, String)]
    )
    func `an error names its path`(json: JSONValue, path: String) {
        #expect(detail(json).contains(path))
        #expect(detail(json) != "it was read")
    }

    // MARK: Members that some kinds never have (clauses 4.5.2 to 4.5.24)

    @Test(
        arguments: [
            (["object": "urn:x:2", "unitCode": "KMH"], "'unitCode'"),
            (["languageMap": ["th": "ก"], "unitCode": "KMH"], "'unitCode'"),
            (["json": [:], "unitCode": "KMH"], "'unitCode'"),
            (["value": 1, "entity": [:]], "'entity'"),
            (["object": "urn:x:2", "entityList": []], "'entityList'"),
            (["languageMap": ["th": "ก"], "valueType": "xsd:string"], "'valueType'"),
            (["value": 1, "previousValue": 2], "'a.previousValue'"),
            (["value": 1, "entityIdSealed": "urn:x:1"], "'a.entityIdSealed'"),
            (["value": 1, "ngsildproof": ["value": "text"]], "'a.ngsildproof'"),
        ] as [(JSONValue, String)]
    )
    func `a member of another kind is refused`(json: JSONValue, path: String) {
        #expect(detail(json).contains(path))
        #expect(detail(json) != "it was read")
    }

    @Test(
        arguments: [
            ["valueList": [1], "unitCode": "KMH"], ["object": "urn:x:2", "entity": [:]],
            ["languageMap": ["th": "ก"], "valueType": "langString"],
            ["value": 1, "ngsildproof": ["type": "Property", "value": ["proofValue": "z"]]],
        ] as [JSONValue]
    )
    func `a member that the kind may have is read`(json: JSONValue) throws {
        #expect(try one(json).complete != nil)
    }

    @Test func `a geometry may be written as a JSON string`() throws {
        let text = "{\"type\":\"Point\",\"coordinates\":[98.3,7.9]}"
        let read = try one(["type": "GeoProperty", "value": .string(text)])
        #expect(read.value == ["type": "Point", "coordinates": [98.3, 7.9]])
    }
}
