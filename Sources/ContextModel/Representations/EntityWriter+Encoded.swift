extension EntityWriter {
    /// About as many bytes as there are to be written of the entities.
    ///
    /// What Linked Entities add is not known before: where there are some, it is a mebibyte at least.
    package func length(of entities: [EncodedEntity]) -> Int {
        let bytes = entities.reduce(0) { $0 + $1.bytes.count }
        return linked == nil ? bytes : max(bytes, Self.lengthWithLinked)
    }

    private static let lengthWithLinked = 1 << 20

    /// Writes stored entities, and after them the Linked Entities of the flattened form, as an
    /// array.
    package func write(
        _ entities: [EncodedEntity],
        embedsContext: Bool = false,
        to writer: inout JSONWriter
    ) throws(EntityCodec.Damage) {
        writer.beginArray()
        for entity in entities { try write(entity, embedsContext: embedsContext, to: &writer) }
        let reference = embedsContext ? Optional(context.embedded) : Optional.none
        writeAppended(embedding: reference, to: &writer)
        writer.endArray()
    }

    /// Writes a stored entity as one JSON object.
    package func write(
        _ entity: EncodedEntity,
        embedsContext: Bool = false,
        to writer: inout JSONWriter
    ) throws(EntityCodec.Damage) {
        // What its reader may know of the last change is told by all that it sees.
        let isDated = representation.showsSystemAttributes && !entity.hiddenAttributes.isEmpty
        guard isPlain, !isDated else {
            return write(try entity.decoded(), embedsContext: embedsContext, to: &writer)
        }
        let reference = embedsContext ? Optional(context.embedded) : Optional.none
        let known = context.termTable
        let terms = try entity.bytes.withUnsafeBufferPointer { bytes throws(EntityCodec.Damage) in
            var transcoder = EntityTranscoder(
                self,
                UnsafeRawBufferPointer(bytes),
                hiding: entity.hiddenAttributes,
                terms: known
            )
            return try transcoder.write(embedding: reference, to: &writer)
        }
        if terms.count > known.count { context.remember(terms) }
    }

    /// Whether each attribute can be written as it comes out of its bytes.
    private var isPlain: Bool {
        linked == nil && representation.version == nil && representation.languages == nil
            && representation.datasetIDs == nil
            && !representation.abridgesDeletedAttributes
    }
}
