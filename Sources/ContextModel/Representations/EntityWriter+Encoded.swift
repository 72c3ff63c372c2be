extension EntityWriter {
    /// The approximate number of bytes of the written entities.
    ///
    /// The size of Linked Entities is not known; with some, the result is at least a mebibyte.
    package func length(of entities: [EncodedEntity]) -> Int {
        let bytes = entities.reduce(0) { $0 + $1.bytes.count }
        return linked == nil ? bytes : max(bytes, Self.lengthWithLinked)
    }

    private static let lengthWithLinked = 1 << 20

    /// Writes stored entities as an array, followed by the Linked Entities of the flattened
    /// representation.
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
        // The `modifiedAt` that the reader may know depends on everything that it sees.
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

    /// Whether each attribute can be written directly from its bytes.
    private var isPlain: Bool {
        linked == nil && representation.version == nil && representation.languages == nil
            && representation.datasetIDs == nil
            && !representation.abridgesDeletedAttributes
    }
}
