/// Decoding a part of an entity; the rest is skipped.
extension EntityDecoder {
    /// The entity with these attributes alone; nothing is read after the last of them.
    mutating func entity(attributes wanted: [[UInt8]]) throws(Damage) -> Entity {
        var entity = try entityWithoutAttributes()
        for _ in 0..<(try count()) {
            if entity.attributes.count == wanted.count { break }
            try readName()
            if wanted.contains(nameBytes) {
                let name = try nameIRI()
                entity.attributes.append(NamedAttribute(name: name, instances: try instances()))
            } else {
                try skipInstances()
            }
        }
        return entity
    }

    /// The identifier, and the names of all attributes.
    mutating func entityNames() throws(Damage) -> (id: EntityID, attributes: [IRI]) {
        let id = try entityWithoutAttributes().id
        var names: [IRI] = []
        for _ in 0..<(try count()) {
            try readName()
            names.append(try nameIRI())
            try skipInstances()
        }
        return (id, names)
    }

    /// Whether an instance of an attribute of the entity has an `observedAt`; nothing is read after it.
    mutating func hasObservedInstance() throws(Damage) -> Bool {
        try skipEntityHead()
        for _ in 0..<(try count()) {
            try readName()
            for _ in 0..<(try count()) {
                let fields = try skipAttribute()
                if fields.contains(.observedAt) { return true }
            }
        }
        return false
    }

    /// Skips everything before the attributes.
    private mutating func skipEntityHead() throws(Damage) {
        let fields = try entityFields()
        _ = try textBytes()
        for _ in 0..<(try count()) { try readName() }
        if fields.contains(.scopes) { for _ in 0..<(try count()) { _ = try textBytes() } }
        for moment in [EntityFields.createdAt, .modifiedAt, .expiresAt]
        where fields.contains(moment) { _ = try self.moment() }
    }

    mutating func skipInstances() throws(Damage) {
        for _ in 0..<(try count()) { try skipAttribute() }
    }

    mutating func skipAttributes() throws(Damage) {
        try descend()
        defer { ascend() }
        for _ in 0..<(try count()) {
            try readName()
            try skipInstances()
        }
    }

    /// Returns the optional parts that it has.
    @discardableResult
    private mutating func skipAttribute() throws(Damage) -> AttributeFields {
        let (_, fields) = try attributeHead()
        for moment in [AttributeFields.createdAt, .modifiedAt, .observedAt]
        where fields.contains(moment) { _ = try self.moment() }
        if fields.contains(.unitCode) { _ = try textBytes() }
        if fields.contains(.attributes) { try skipAttributes() }
        if fields.contains(.datasetID) { _ = try textBytes() }
        if fields.contains(.details) { _ = try details() }
        try skipValue()
        return fields
    }

    mutating func skipValue() throws(Damage) {
        let (tag, size) = try valueHead()
        switch tag {
        case .null, .no, .yes: break
        case .number, .string: _ = textBytes(size)
        case .array:
            try descend()
            for _ in 0..<size { try skipValue() }
            ascend()
        case .object:
            try descend()
            for _ in 0..<size {
                _ = try textBytes()
                try skipValue()
            }
            ascend()
        }
    }
}
