import Testing

@testable import ContextModel

@Suite struct LinkedEntitiesTests {
    private static func iri(_ name: String) -> IRI { LDContext.core.expand(name) }

    private static func entity(
        _ id: String,
        _ attributes: [(String, Attribute.Kind, JSONValue)] = []
    ) -> Entity {
        Entity(
            id: EntityID("urn:x:\(id)"),
            types: [iri("Place")],
            attributes: attributes.map { name, kind, value in
                NamedAttribute(name: iri(name), instances: [Attribute(kind: kind, value: value)])
            }
        )
    }

    private static let shop = entity("shop", [("at", .relationship, "urn:x:city")])
    private static let city = entity(
        "city",
        [("name", .property, "Patong"), ("has", .relationship, "urn:x:shop")]
    )

    private func text(
        _ entity: Entity,
        _ known: [Entity],
        _ format: Representation.Format = .normalized,
        levels: Int = 1,
        containedBy: Set<EntityID> = [],
        projection: Projection = Projection()
    ) -> String {
        let linked = InlineEntities(
            Dictionary(uniqueKeysWithValues: known.map { ($0.id, $0) }),
            levels: levels,
            containedBy: containedBy
        )
        let writer = EntityWriter(
            Representation(format: format, projection: projection),
            context: .core,
            linked: .inline(linked)
        )
        var json = JSONWriter(reservingBytes: 512)
        writer.write(entity, to: &json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    @Test func `inline puts the entity inside the Relationship`() {
        #expect(
            text(Self.shop, [Self.city]) == """
                {"id":"urn:x:shop","type":"Place","at":{"type":"Relationship",\
                "object":"urn:x:city","entity":{"id":"urn:x:city","type":"Place",\
                "name":{"type":"Property","value":"Patong"},\
                "has":{"type":"Relationship","object":"urn:x:shop"}}}}
                """
        )
    }

    @Test func `simplified, the entity replaces its URI`() {
        #expect(
            text(Self.shop, [Self.city], .simplified) == """
                {"id":"urn:x:shop","type":"Place","at":{"id":"urn:x:city","type":"Place",\
                "name":"Patong","has":"urn:x:shop"}}
                """
        )
    }

    @Test func `a missing entity stays a plain Relationship`() {
        #expect(
            text(Self.shop, []) == """
                {"id":"urn:x:shop","type":"Place","at":{"type":"Relationship",\
                "object":"urn:x:city"}}
                """
        )
    }

    @Test func `a cycle ends where it began`() {
        let known = [Self.shop, Self.city]
        #expect(
            text(Self.shop, known, .simplified, levels: 5) == """
                {"id":"urn:x:shop","type":"Place","at":{"id":"urn:x:city","type":"Place",\
                "name":"Patong","has":"urn:x:shop"}}
                """
        )
    }

    @Test func `entities that the caller has are not shown again`() {
        let text = text(Self.shop, [Self.city], .simplified, containedBy: [Self.city.id])
        #expect(text == #"{"id":"urn:x:shop","type":"Place","at":"urn:x:city"}"#)
    }

    @Test func `links are followed up to the level`() {
        let street = Self.entity("street", [("of", .relationship, "urn:x:shop")])
        let known = [Self.shop, Self.city, street]
        #expect(
            text(street, known, .simplified, levels: 1) == """
                {"id":"urn:x:street","type":"Place","of":{"id":"urn:x:shop","type":"Place",\
                "at":"urn:x:city"}}
                """
        )
        #expect(text(street, known, .simplified, levels: 2).contains("Patong"))
    }

    @Test func `several objects and lists keep their order`() {
        let known = [Self.entity("a"), Self.entity("b")]
        let uris: JSONValue = ["urn:x:b", "urn:x:none", "urn:x:a"]
        let tour = Self.entity("tour", [("to", .relationship, uris)])
        #expect(
            text(tour, known).hasSuffix(
                """
                "entity":[{"id":"urn:x:b","type":"Place"},{"id":"urn:x:a","type":"Place"}]}}
                """
            )
        )
        let list = Self.entity("tour", [("to", .listRelationship, uris)])
        #expect(text(list, known).contains(#""entityList":[{"id":"urn:x:b""#))
        #expect(
            text(list, known, .simplified).hasSuffix(
                """
                "to":[{"id":"urn:x:b","type":"Place"},"urn:x:none",\
                {"id":"urn:x:a","type":"Place"}]}
                """
            )
        )
    }

    @Test func `each entity is shown in the projection of its Relationship`() throws {
        let language = ProjectionLanguage(expansion: LDContext.core)
        let pick = try language.parse(pick: "id,at{name}", omit: nil)
        #expect(
            text(Self.shop, [Self.city], .simplified, projection: pick)
                == #"{"id":"urn:x:shop","at":{"name":"Patong"}}"#
        )
        let nothing = try language.parse(pick: "id,at{population}", omit: nil)
        #expect(
            text(Self.shop, [Self.city], .simplified, projection: nothing)
                == #"{"id":"urn:x:shop","at":"urn:x:city"}"#
        )
    }

    @Test func `flattened, linked entities follow in JSON and in GeoJSON`() {
        let projection = Projection(omittedEntityMembers: ["type"])
        let writer = EntityWriter(
            Representation(format: .simplified),
            context: .core,
            linked: .appended([AppendedEntity(Self.city, projection)])
        )
        var json = JSONWriter(reservingBytes: 512)
        writer.write([Self.shop], to: &json)
        #expect(
            String(decoding: json.bytes, as: UTF8.self) == """
                [{"id":"urn:x:shop","type":"Place","at":"urn:x:city"},\
                {"id":"urn:x:city","name":"Patong","has":"urn:x:shop"}]
                """
        )
        var geo = JSONWriter(reservingBytes: 512)
        GeoJSONWriter(entities: writer, geometryProperty: .location, datasetID: nil)
            .write([Self.shop], to: &geo)
        let features = String(decoding: geo.bytes, as: UTF8.self)
        #expect(features.contains(#""properties":{"name":"Patong","has":"urn:x:shop"}"#))
    }
}
