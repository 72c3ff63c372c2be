import ContextModel

/// A file of NGSI-LD entities: one on each line, each on several lines, or all in one JSON array.
package struct EntityFile: ImportSource {
    /// The most bytes of an entity.
    static let maximumEntityBytes = 4 << 20

    private var objects: ObjectReader

    package init(_ source: any ByteSource) {
        objects = ObjectReader(source, maximumBytes: Self.maximumEntityBytes)
    }

    package var extent: ImportExtent { objects.extent }

    package mutating func next(into batch: inout ImportBatch) throws(SourceError) -> Bool {
        switch try objects.next() {
        case nil: return false
        case .problem(let problem): batch.add(problem)
        case .object(let entity, let id):
            batch.add(
                entity: objects.text,
                origin: objects.origin(id),
                isLinkedData: entity["@context"] != nil
            )
        }
        return true
    }
}
