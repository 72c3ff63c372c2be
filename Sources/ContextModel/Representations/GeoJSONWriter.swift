/// Writes entities as GeoJSON Features (clauses 4.5.16 and 4.5.17).
package struct GeoJSONWriter: Sendable {
    package let entities: EntityWriter
    /// The GeoProperty that becomes `geometry` (`geometryProperty`).
    package let geometryProperty: IRI
    /// The instance of it to use, if it has several.
    package let datasetID: String?

    package init(entities: EntityWriter, geometryProperty: IRI, datasetID: String?) {
        self.entities = entities
        self.geometryProperty = geometryProperty
        self.datasetID = datasetID
    }

    /// Writes one Feature, with the links that OGC API – Features wants of it.
    package func write(
        _ entity: Entity,
        embedsContext: Bool = false,
        links: JSONValue? = nil,
        to writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.key("id")
        writer.string(entity.id.uri)
        writer.key("type")
        writer.string("Feature")
        writer.key("geometry")
        writer.value(geometry(of: entity))
        writer.key("properties")
        writer.beginObject()
        entities.writeMembers(of: entity, to: &writer)
        writer.endObject()
        if let links {
            writer.key("links")
            writer.value(links)
        }
        if embedsContext { write(entities.context.embedded, to: &writer) }
        writer.endObject()
    }

    /// A link to another page of a FeatureCollection, in the body where clients look for it.
    ///
    /// Where RFC 8288 has a Link header, OGC API Features has the member `links`.
    package struct PageLink: Sendable, Equatable {
        package var relation: String
        /// The target, relative to the address of the request.
        package var target: String

        package init(_ relation: String, _ target: String) {
            self.relation = relation
            self.target = target
        }
    }

    /// Writes a FeatureCollection, with the Linked Entities of the flattened representation at its
    /// end.
    package func write(
        _ list: [Entity],
        links: [PageLink] = [],
        embedsContext: Bool = false,
        to writer: inout JSONWriter
    ) {
        let context = embedsContext ? Optional(entities.context.embedded) : .none
        write(list, links: links, embedding: context, to: &writer)
    }

    /// Writes a FeatureCollection with the given `@context`.
    package func write(
        _ list: [Entity],
        links: [PageLink] = [],
        embedding context: JSONValue?,
        to writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.key("type")
        writer.string("FeatureCollection")
        writer.key("features")
        writer.beginArray()
        for entity in list { write(entity, to: &writer) }
        for item in entities.appended {
            let linked = GeoJSONWriter(
                entities: entities.showing(item.projection),
                geometryProperty: geometryProperty,
                datasetID: datasetID
            )
            linked.write(item.entity, to: &writer)
        }
        writer.endArray()
        if !links.isEmpty { write(links, to: &writer) }
        if let context { write(context, to: &writer) }
        writer.endObject()
    }

    private func write(_ links: [PageLink], to writer: inout JSONWriter) {
        writer.key("links")
        writer.value(
            .array(
                links.map {
                    [
                        "rel": .string($0.relation), "href": .string($0.target),
                        "type": "application/geo+json",
                    ]
                }
            )
        )
    }

    private func geometry(of entity: Entity) -> JSONValue {
        let instances = entity[geometryProperty].filter { $0.kind == .geoProperty }
        return instances.first { $0.datasetID == datasetID }?.value ?? .null
    }

    private func write(_ context: JSONValue, to writer: inout JSONWriter) {
        writer.key("@context")
        writer.value(context)
    }
}
