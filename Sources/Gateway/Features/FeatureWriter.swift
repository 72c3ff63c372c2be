import ContextModel
import Storage

/// Writes entities as features for programs of geographic information: values alone, with the place as geometry.
struct FeatureWriter {
    private let documents: FeatureDocuments
    private let writer: GeoJSONWriter

    init(_ documents: FeatureDocuments, _ ld: LDContext) {
        self.documents = documents
        let representation = Representation(
            format: .simplified,
            // The geometry has it.
            projection: Projection(omittedAttributes: [.location])
        )
        writer = GeoJSONWriter(
            entities: EntityWriter(representation, context: ld),
            geometryProperty: .location,
            datasetID: nil
        )
    }

    /// The approximate bytes of a page.
    func length(of page: EntityPage<EncodedEntity>) -> Int {
        writer.entities.length(of: page.entities)
    }

    /// A page of a collection (OGC 17-069r4 clause 7.15).
    func collection(
        _ page: EntityPage<EncodedEntity>,
        of name: String,
        _ query: EntityQuery
    ) throws -> [UInt8] {
        var json = JSONWriter(reservingBytes: 16_384)
        json.beginObject()
        json.key("type")
        json.string("FeatureCollection")
        json.key("features")
        json.beginArray()
        for entity in page.entities { writer.write(try entity.value(), to: &json) }
        json.endArray()
        if let count = page.count {
            json.key("numberMatched")
            json.number(count)
        }
        json.key("numberReturned")
        json.number(page.entities.count)
        json.key("links")
        json.value(documents.pageLinks(of: name, query, hasMore: page.hasMore))
        json.endObject()
        return json.bytes
    }

    /// One feature (clause 7.16).
    func feature(_ entity: EncodedEntity, of name: String) throws -> [UInt8] {
        let entity = try entity.value()
        var json = JSONWriter(reservingBytes: 2_048)
        writer.write(entity, links: documents.featureLinks(entity.id.uri, of: name), to: &json)
        return json.bytes
    }
}
