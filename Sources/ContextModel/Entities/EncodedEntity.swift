/// An entity in the bytes that a store keeps, less what its reader may not see: read as far as
/// somebody looks, and written as JSON without making values of it.
package struct EncodedEntity: Sendable {
    let bytes: [UInt8]
    /// Attributes that are not there for whoever reads it.
    let hiddenAttributes: Set<IRI>

    /// Takes bytes that `EntityCodec` made.
    package init(_ bytes: [UInt8], hiding hiddenAttributes: Set<IRI> = []) {
        self.bytes = bytes
        self.hiddenAttributes = hiddenAttributes
    }

    package init(_ entity: Entity) { self.init(EntityCodec.encode(entity)) }

    /// The whole entity.
    package func decoded() throws(EntityCodec.Damage) -> Entity {
        try EntityCodec.decode(bytes).hiding(hiddenAttributes)
    }
}

/// The attributes that deciding something needs of an entity.
package struct AttributeSelection: Sendable {
    let names: [[UInt8]]

    package init(_ names: some Sequence<IRI>) {
        self.names = Set(names).map { Array($0.text.utf8) }
    }
}

extension EntityCodec {
    /// The entity with no attributes but those selected: a fraction of the work.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer,
        _ selection: AttributeSelection
    ) throws(Damage) -> Entity {
        var decoder = EntityDecoder(bytes)
        try decoder.form(.entity1)
        return try decoder.entity(attributes: selection.names)
    }
}

extension Entity {
    /// The entity without the attributes and sub-attributes of the names.
    package func hiding(_ names: Set<IRI>) -> Entity {
        guard !names.isEmpty else { return self }
        var entity = self
        entity.attributes = attributes.hiding(names)
        return entity
    }
}

extension [NamedAttribute] {
    fileprivate func hiding(_ names: Set<IRI>) -> [NamedAttribute] {
        filter { !names.contains($0.name) }.map { attribute in
            var rest = attribute
            for index in rest.instances.indices {
                rest.instances[index].attributes = rest.instances[index].attributes.hiding(names)
            }
            return rest
        }
    }
}
