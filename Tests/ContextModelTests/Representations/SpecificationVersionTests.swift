import ContextModel
import Testing

/// Clause 4.3.6.8.
@Suite struct SpecificationVersionTests {
    private let json: JSONValue = [
        "id": "urn:x:1", "type": ["Bus", "Vehicle"], "scope": "/a",
        "expiresAt": "2100-01-01T00:00:00Z",
        "kind": ["type": "VocabProperty", "vocab": "electric"],
        "raw": ["type": "JsonProperty", "json": ["a": 1]],
        "stops": ["type": "ListRelationship", "objectList": ["urn:x:2", "urn:x:3"]],
        "says": ["type": "LanguageProperty", "languageMap": ["en": "hi"]],
        "speed": [
            ["type": "Property", "value": 1, "datasetId": "urn:d:1", "unitCode": "KMH"],
            ["type": "Property", "value": 2, "observedAt": "2026-01-01T00:00:00Z"],
        ],
    ]

    private func written(_ version: String) throws -> JSONObject {
        var representation = Representation()
        representation.showsSystemAttributes = true
        representation.version = SpecificationVersion(version)
        let entity = try EntityReader(context: .core).entity(json)
        var writer = JSONWriter(reservingBytes: 1_024)
        EntityWriter(representation, context: .core).write(entity, to: &writer)
        return try #require(try JSONReader.read(writer.bytes).objectValue)
    }

    @Test func `the newest version shows everything`() throws {
        let entity = try written("1.9")
        #expect(entity["expiresAt"] != nil)
        #expect(entity["kind"] == ["type": "VocabProperty", "vocab": "electric"])
    }

    @Test func `kinds of version 1_8 become Properties and Relationships`() throws {
        let entity = try written("1.6")
        #expect(entity["expiresAt"] == nil)
        #expect(entity["kind"] == ["type": "Property", "value": "electric"])
        #expect(entity["raw"] == ["type": "Property", "value": ["a": 1]])
        #expect(entity["stops"] == ["type": "Relationship", "object": ["urn:x:2", "urn:x:3"]])
        #expect(entity["says"]?.objectValue?["type"] == "LanguageProperty")
    }

    @Test func `the first version has one type and one instance`() throws {
        let entity = try written("1.0")
        #expect(entity["type"] == "Bus")
        #expect(entity["scope"] == nil)
        #expect(entity["says"] == ["type": "Property", "value": ["en": "hi"]])
        #expect(entity["speed"] == ["type": "Property", "value": 2])
    }

    @Test func `a future version is later than the hub's own`() throws {
        #expect(try #require(SpecificationVersion("2.0")) > .own)
    }

    @Test(arguments: ["", "1", "1.x", "0.9", "1.9.1", "-1.0"])
    func `an invalid version is not read`(text: String) {
        #expect(SpecificationVersion(text) == nil)
    }
}
