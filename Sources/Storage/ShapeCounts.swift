package import ContextModel

/// Counts entities by their shapes as a reader sees them.
///
/// Shapes that differ only in what is hidden from the reader are one.
package struct ShapeCounts {
    /// The counts by shape; the key has the count zero, so that equal shapes are found.
    private var counts: [EntityShape: Int] = [:]

    package init() {}

    /// Adds entities of one shape in which the same is hidden; types may be in any order.
    package mutating func add(
        types: [IRI],
        attributes: [IRI: Set<Attribute.Kind>],
        hiding hidden: Set<IRI>,
        count: Int
    ) {
        let shape = EntityShape(
            types: types.sorted { $0.text < $1.text },
            attributes: attributes.filter { !hidden.contains($0.key) },
            count: 0
        )
        counts[shape, default: 0] += count
    }

    /// The shapes in the order of their types, then of their attributes.
    package var shapes: [EntityShape] {
        counts.map { shape, count in
            let names = shape.attributes.keys.map(\.text).sorted()
            let key = [shape.types.map(\.text), names].map { $0.joined(separator: " ") }
            let counted = EntityShape(
                types: shape.types,
                attributes: shape.attributes,
                count: count
            )
            return (key: key, shape: counted)
        }.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.shape)
    }
}
