/// An entity in the bytes of a store, without what is hidden from its reader.
///
/// Parts of it can be decoded, and it can be written as JSON, without decoding all of it.
package struct EncodedEntity: Sendable {
    let bytes: [UInt8]
    /// The attributes that are hidden from its reader.
    let hiddenAttributes: Set<IRI>

    /// `bytes` must come from `EntityCodec`.
    package init(_ bytes: [UInt8], hiding hiddenAttributes: Set<IRI> = []) {
        self.bytes = bytes
        self.hiddenAttributes = hiddenAttributes
    }

    package init(_ entity: Entity) { self.init(EntityCodec.encode(entity)) }

    /// The whole entity.
    package func decoded() throws(EntityCodec.Damage) -> Entity {
        try EntityCodec.decode(bytes).hiding(hiddenAttributes)
    }

    /// The entity with the selected attributes alone, hidden or not.
    package func decoded(_ selection: AttributeSelection) throws(EntityCodec.Damage) -> Entity {
        try bytes.withUnsafeBufferPointer { bytes throws(EntityCodec.Damage) in
            try EntityCodec.decode(UnsafeRawBufferPointer(bytes), selection)
        }
    }

    /// Whether an instance of an attribute, hidden or not, has an `observedAt`.
    ///
    /// It takes a fraction of the time that decoding takes.
    package func isObserved() throws(EntityCodec.Damage) -> Bool {
        try bytes.withUnsafeBufferPointer { bytes throws(EntityCodec.Damage) in
            var decoder = EntityDecoder(UnsafeRawBufferPointer(bytes))
            try decoder.format(.entity1)
            return try decoder.hasObservedInstance()
        }
    }

    /// The identifier, and the names of the attributes that are not hidden, without decoding the rest.
    package func names() throws(EntityCodec.Damage) -> (id: EntityID, attributes: [IRI]) {
        let (id, all) = try bytes.withUnsafeBufferPointer { bytes throws(EntityCodec.Damage) in
            var decoder = EntityDecoder(UnsafeRawBufferPointer(bytes))
            try decoder.format(.entity1)
            return try decoder.entityNames()
        }
        return (id, hiddenAttributes.isEmpty ? all : all.filter { !hiddenAttributes.contains($0) })
    }
}

/// A selection of attributes that a decision needs of an entity.
package struct AttributeSelection: Sendable {
    let names: [[UInt8]]

    package init(_ names: some Sequence<IRI>) {
        self.names = Set(names).map { Array($0.text.utf8) }
    }
}

extension EntityCodec {
    /// The entity with the selected attributes alone, which takes a fraction of the time.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer,
        _ selection: AttributeSelection
    ) throws(Damage) -> Entity {
        var decoder = EntityDecoder(bytes)
        try decoder.format(.entity1)
        return try decoder.entity(attributes: selection.names)
    }
}

extension Entity {
    /// The entity without these attributes and sub-attributes.
    ///
    /// Its `modifiedAt` is the last change of the rest, so that it does not tell when hidden ones
    /// changed.
    package func hiding(_ names: Set<IRI>) -> Entity {
        guard !names.isEmpty else { return self }
        var entity = dated(hiding: names)
        entity.attributes = attributes.hiding(names)
        return entity
    }

    /// The whole entity, with the last change of all but these attributes as its `modifiedAt`.
    ///
    /// So a change of a hidden attribute is invisible to the reader.
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
    /// The instance without these sub-attributes, at any depth.
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
