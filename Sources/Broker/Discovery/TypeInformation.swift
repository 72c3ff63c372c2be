package import ContextModel
import Storage

/// Information about an entity type (clauses 5.2.24 to 5.2.26).
package struct TypeInformation: Sendable, Equatable {
    package var type: IRI
    package var entityCount: Int
    /// The attributes that entities of the type have, in alphabetical order of their IRIs.
    package var attributes: [AttributeInformation]
}

/// Information about an attribute (clause 5.2.28).
package struct AttributeInformation: Sendable, Equatable {
    package var name: IRI
    package var attributeCount: Int
    package var kinds: Set<Attribute.Kind>
    /// The types of the entities that have it, in alphabetical order.
    package var types: [IRI]
}

extension ReadTransaction {
    /// The shapes of each type in use, in alphabetical order.
    func typesInUse() throws -> [(type: IRI, shapes: [EntityShape])] {
        var own: [IRI: [EntityShape]] = [:]
        for shape in try shapes() {
            try charge(shape.types.count)
            for type in shape.types { own[type, default: []].append(shape) }
        }
        return own.sorted { $0.key.text < $1.key.text }.map { (type: $0.key, shapes: $0.value) }
    }

    /// The information in the shapes of a type, within the query's time and limit of attributes.
    func information(
        of type: IRI,
        from shapes: [EntityShape],
        size: inout DiscoverySize
    ) throws -> TypeInformation {
        TypeInformation(
            type: type,
            entityCount: shapes.reduce(0) { $0 + $1.count },
            attributes: try attributes(of: shapes, of: type, size: &size)
        )
    }

    /// The attributes of the shapes in alphabetical order, each with all types of the shapes or
    /// with the requested one.
    func attributes(
        of shapes: [EntityShape],
        of type: IRI? = nil,
        size: inout DiscoverySize
    ) throws -> [AttributeInformation] {
        var byName: [IRI: AttributeTally] = [:]
        for shape in shapes {
            let types = type.map { [$0] } ?? shape.types
            try charge(shape.attributes.count * (types.count + 1))
            for (name, kinds) in shape.attributes {
                try size.take(byName[name, default: AttributeTally()].add(shape, kinds, types))
            }
        }
        return byName.sorted { $0.key.text < $1.key.text }.map { name, tally in
            AttributeInformation(
                name: name,
                attributeCount: tally.count,
                kinds: tally.kinds,
                types: tally.types.sorted { $0.text < $1.text }
            )
        }
    }
}

/// The information about an attribute collected so far.
private struct AttributeTally {
    var count = 0
    var kinds: Set<Attribute.Kind> = []
    var types: Set<IRI> = []

    /// Adds a shape that has it; returns the number of new types.
    mutating func add(_ shape: EntityShape, _ kinds: Set<Attribute.Kind>, _ types: [IRI]) -> Int {
        let before = self.types.count
        count += shape.count
        self.kinds.formUnion(kinds)
        self.types.formUnion(types)
        return self.types.count - before
    }
}

/// The number of attributes that an answer may still have; each counts once for each of its types.
struct DiscoverySize {
    private var left: Int

    init(_ limits: HubLimits) { left = limits.maximumDiscovered }

    mutating func take(_ count: Int) throws(BrokerError) {
        left -= count
        guard left >= 0 else {
            throw BrokerError(
                .tooManyResults,
                "There are more attributes of types than one answer tells of; ask without details, or "
                    + "about one type or attribute."
            )
        }
    }
}
