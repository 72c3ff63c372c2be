import Chance
import Testing

@testable import ContextModel

/// The output from the bytes of an entity equals the output from its value.
@Suite struct EntityTranscoderTests {
    private static func context() throws -> LDContext {
        var definitions = LDContextDefinitions()
        try definitions.add(["a": "https://a.example/ชื่อ/a", "ex": "https://a.example/ชื่อ/"])
        return LDContext(reference: "https://a.example/context.jsonld", definitions: definitions)
    }

    private func text(_ json: JSONWriter) -> String { String(decoding: json.bytes, as: UTF8.self) }

    private func compare(
        _ entity: Entity,
        _ writer: EntityWriter,
        hiding hidden: Set<IRI> = [],
        embedsContext: Bool = false
    ) throws {
        var (expected, found) = (JSONWriter(), JSONWriter())
        writer.write([entity.hiding(hidden)], embedsContext: embedsContext, to: &expected)
        let encoded = EncodedEntity(EntityCodec.encode(entity), hiding: hidden)
        try writer.write([encoded], embedsContext: embedsContext, to: &found)
        #expect(text(found) == text(expected))
    }

    /// Some of the names that the entity has.
    private func names(of entity: Entity, _ generator: inout SeededGenerator) -> Set<IRI> {
        var names: Set<IRI> = []
        for attribute in entity.attributes {
            if Bool.random(using: &generator) { names.insert(attribute.name) }
            for sub in attribute.instances.flatMap(\.attributes)
            where Int.random(in: 0..<3, using: &generator) == 0 { names.insert(sub.name) }
        }
        return names
    }

    private func projection(
        of entity: Entity,
        _ generator: inout SeededGenerator
    ) -> Projection {
        let members = Projection.entityMembers.filter { _ in Bool.random(using: &generator) }
        switch Int.random(in: 0..<4, using: &generator) {
        case 0:
            return Projection(
                attributes: names(of: entity, &generator),
                entityMembers: members
            )
        case 1:
            return Projection(
                omittedAttributes: names(of: entity, &generator),
                omittedEntityMembers: members
            )
        default: return Projection()
        }
    }

    private func representation(
        of entity: Entity,
        _ format: Representation.Format,
        _ number: Int,
        _ generator: inout SeededGenerator
    ) -> Representation {
        var representation = Representation(
            format: format,
            showsSystemAttributes: Bool.random(using: &generator),
            projection: projection(of: entity, &generator),
            languages: number % 10 == 0 ? LanguageFilter(["th"]) : nil,
            datasetIDs: number % 11 == 0 ? [nil] : nil
        )
        representation.showsEnds = Bool.random(using: &generator)
        representation.abridgesDeletedAttributes = number % 12 == 0
        representation.version = number % 13 == 0 ? SpecificationVersion(1, 3) : nil
        return representation
    }

    /// A new member needs a way to be written from bytes, and must be compared here.
    @Test func `all parts of entities and all representations are compared`() {
        func members(_ value: Any) -> Set<String> {
            Set(Mirror(reflecting: value).children.compactMap(\.label))
        }
        // The members that `representation(of:)` chooses, and `join`, which needs Linked Entities.
        #expect(
            members(Representation()) == [
                "format", "showsSystemAttributes", "projection", "languages", "datasetIDs",
                "abridgesDeletedAttributes", "showsEnds", "join", "version",
            ]
        )
        // The members that `RandomEntity` creates, and `deletedAt`, which no stored entity has.
        #expect(
            members(Entity(id: EntityID("urn:x:1"), types: [])) == [
                "id", "types", "scopes", "attributes", "createdAt", "modifiedAt", "expiresAt",
                "deletedAt",
            ]
        )
        #expect(
            members(Attribute(kind: .property, value: 1)) == [
                "kind", "value", "datasetID", "observedAt", "unitCode", "createdAt", "modifiedAt",
                "attributes", "details",
            ]
        )
        #expect(
            members(AttributeDetails()) == [
                "deletedAt", "expiresAt", "instanceID", "objectTypes", "previousValue", "valueType",
                "proof",
            ]
        )
    }

    @Test(arguments: [Representation.Format.normalized, .concise, .simplified])
    func `random entities are written alike`(format: Representation.Format) throws {
        var generator = SeededGenerator(seed: 11)
        let contexts = [LDContext.core, try Self.context()]
        for number in 0..<600 {
            let entity = RandomEntity.entity(&generator)
            let representation = representation(of: entity, format, number, &generator)
            let hidden = Bool.random(using: &generator) ? names(of: entity, &generator) : []
            try compare(
                entity,
                EntityWriter(representation, context: contexts[number % 2]),
                hiding: hidden,
                embedsContext: number % 3 == 0
            )
        }
    }

    @Test(arguments: EntityWriterTests.ambiguous)
    func `values that look like attributes are written alike`(value: JSONValue) throws {
        let instance = Attribute(kind: .property, value: value)
        let name = IRI("https://a.example/a")
        for instances in [[instance], [instance, instance]] {
            let entity = Entity(
                id: EntityID("urn:x:1"),
                types: [IRI("https://a.example/Bus")],
                attributes: [NamedAttribute(name: name, instances: instances)]
            )
            for format in [Representation.Format.normalized, .concise, .simplified] {
                try compare(entity, EntityWriter(Representation(format: format), context: .core))
            }
        }
    }

    @Test func `hidden attributes and sub-attributes leave no trace`() throws {
        let secret = IRI("https://a.example/secret")
        let hidden = Attribute(kind: .property, value: "canary")
        let shown = Attribute(
            kind: .property,
            value: 1,
            attributes: [NamedAttribute(name: secret, instances: [hidden])]
        )
        let entity = Entity(
            id: EntityID("urn:x:1"),
            types: [IRI("https://a.example/Bus")],
            attributes: [
                NamedAttribute(name: secret, instances: [hidden, hidden]),
                NamedAttribute(name: IRI("https://a.example/speed"), instances: [shown]),
            ]
        )
        let encoded = EncodedEntity(EntityCodec.encode(entity), hiding: [secret])
        var json = JSONWriter()
        try EntityWriter(Representation(format: .concise), context: .core)
            .write(encoded, to: &json)
        #expect(
            text(json)
                == #"{"id":"urn:x:1","type":"https://a.example/Bus","https://a.example/speed":1}"#
        )
        #expect(try encoded.decoded() == entity.hiding([secret]))
    }

    @Test func `damaged bytes never stop the program`() throws {
        var generator = SeededGenerator(seed: 12)
        let writer = EntityWriter(Representation(), context: .core)
        for _ in 0..<10 {
            let bytes = Array(EntityCodec.encode(RandomEntity.entity(&generator)).prefix(400))
            for damaged in Damaged.flips(bytes) + Damaged.truncations(bytes) {
                var json = JSONWriter()
                try? writer.write(EncodedEntity(damaged), to: &json)
            }
        }
    }
}
