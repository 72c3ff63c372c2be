package import ContextModel
import Storage

/// What is known of an entity type (clauses 5.2.24 to 5.2.26).
package struct TypeInformation: Sendable, Equatable {
    package var type: IRI
    package var entityCount: Int
    /// By name, in alphabetical order of their IRIs.
    package var attributes: [AttributeInformation]
}

/// What is known of an attribute (clause 5.2.28).
package struct AttributeInformation: Sendable, Equatable {
    package var name: IRI
    package var attributeCount: Int
    package var kinds: Set<Attribute.Kind>
    /// Types of the entities that have it, in alphabetical order.
    package var types: [IRI]
}

extension TypeInformation {
    init(_ type: IRI, from shapes: [EntityShape]) {
        let own = shapes.filter { $0.types.contains(type) }
        self.type = type
        entityCount = own.reduce(0) { $0 + $1.count }
        attributes = AttributeInformation.all(in: own)
    }
}

extension AttributeInformation {
    static func all(in shapes: [EntityShape]) -> [AttributeInformation] {
        var byName: [IRI: AttributeInformation] = [:]
        for shape in shapes {
            for (name, kinds) in shape.attributes {
                byName[
                    name,
                    default: AttributeInformation(
                        name: name,
                        attributeCount: 0,
                        kinds: [],
                        types: []
                    )
                ].add(shape, kinds)
            }
        }
        return byName.values.sorted { $0.name.text < $1.name.text }.map { information in
            var sorted = information
            sorted.types.sort { $0.text < $1.text }
            return sorted
        }
    }

    private mutating func add(_ shape: EntityShape, _ kinds: Set<Attribute.Kind>) {
        attributeCount += shape.count
        self.kinds.formUnion(kinds)
        for type in shape.types where !types.contains(type) { types.append(type) }
    }
}
