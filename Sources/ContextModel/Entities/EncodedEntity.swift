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

    /// What the entity is, with no attributes but those selected, hidden or not.
    package func decoded(_ selection: AttributeSelection) throws(EntityCodec.Damage) -> Entity {
        try bytes.withUnsafeBufferPointer { bytes throws(EntityCodec.Damage) in
            try EntityCodec.decode(UnsafeRawBufferPointer(bytes), selection)
        }
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
    /// The entity without the attributes and sub-attributes of the names, and without a trace of
    /// when those changed.
    package func hiding(_ names: Set<IRI>) -> Entity {
        guard !names.isEmpty else { return self }
        var entity = dated(hiding: names)
        entity.attributes = attributes.hiding(names)
        return entity
    }

    /// The whole entity with the newest change of what is not of the names as its own: a change of
    /// a hidden attribute changes nothing for its reader, not even the time.
    package func dated(hiding names: Set<IRI>) -> Entity {
        guard !names.isEmpty, modifiedAt != nil else { return self }
        var entity = self
        entity.modifiedAt = attributes.lazy.filter { !names.contains($0.name) }
            .flatMap(\.instances).compactMap(\.modifiedAt)
            .reduce(createdAt) { latest, moment in max(latest ?? moment, moment) }
        return entity
    }
}

extension Attribute {
    /// The instance without the sub-attributes of the names, at any depth.
    package func hiding(_ names: Set<IRI>) -> Attribute {
        guard !names.isEmpty, !attributes.isEmpty else { return self }
        var rest = self
        rest.attributes = attributes.hiding(names)
        return rest
    }
}

extension [NamedAttribute] {
    fileprivate func hiding(_ names: Set<IRI>) -> [NamedAttribute] {
        filter { !names.contains($0.name) }.map { attribute in
            NamedAttribute(
                name: attribute.name,
                instances: attribute.instances.map { $0.hiding(names) }
            )
        }
    }
}
