/// Writes the bytes that `EntityCodec` describes.
struct EntityEncoder {
    private(set) var bytes: [UInt8] = []
    /// The name before the next one, which shares its beginning.
    private var previousName: [UInt8] = []
    private var previousMoment: Int64 = 0

    init(_ format: EntityCodec.Format) {
        bytes.reserveCapacity(1_024)
        bytes.append(format.rawValue)
    }

    mutating func entity(_ entity: Entity) {
        var fields: EntityFields = []
        if !entity.scopes.isEmpty { fields.insert(.scopes) }
        if entity.createdAt != nil { fields.insert(.createdAt) }
        if entity.modifiedAt != nil { fields.insert(.modifiedAt) }
        if entity.expiresAt != nil { fields.insert(.expiresAt) }
        head(fields.rawValue)
        text(entity.id.uri)
        names(entity.types)
        if !entity.scopes.isEmpty {
            head(UInt64(entity.scopes.count))
            for scope in entity.scopes { text(scope) }
        }
        if let moment = entity.createdAt { self.moment(moment) }
        if let moment = entity.modifiedAt { self.moment(moment) }
        if let moment = entity.expiresAt { self.moment(moment) }
        attributes(entity.attributes)
    }

    private mutating func attributes(_ attributes: [NamedAttribute]) {
        head(UInt64(attributes.count))
        for attribute in attributes {
            name(attribute.name)
            head(UInt64(attribute.instances.count))
            for instance in attribute.instances { self.attribute(instance) }
        }
    }

    mutating func attribute(_ attribute: Attribute) {
        var fields: AttributeFields = []
        if attribute.createdAt != nil { fields.insert(.createdAt) }
        if attribute.modifiedAt != nil { fields.insert(.modifiedAt) }
        if attribute.observedAt != nil { fields.insert(.observedAt) }
        if attribute.unitCode != nil { fields.insert(.unitCode) }
        if !attribute.attributes.isEmpty { fields.insert(.attributes) }
        if attribute.datasetID != nil { fields.insert(.datasetID) }
        if attribute.details != nil { fields.insert(.details) }
        head(fields.rawValue << Attribute.Kind.bits | UInt64(attribute.kind.rawValue))
        if let moment = attribute.createdAt { self.moment(moment) }
        if let moment = attribute.modifiedAt { self.moment(moment) }
        if let moment = attribute.observedAt { self.moment(moment) }
        if let code = attribute.unitCode { text(code) }
        if !attribute.attributes.isEmpty { attributes(attribute.attributes) }
        if let id = attribute.datasetID { text(id) }
        if let details = attribute.details { self.details(details) }
        value(attribute.value)
    }

    private mutating func details(_ details: AttributeDetails) {
        var fields: DetailFields = []
        if details.deletedAt != nil { fields.insert(.deletedAt) }
        if details.expiresAt != nil { fields.insert(.expiresAt) }
        if details.instanceID != nil { fields.insert(.instanceID) }
        if !details.objectTypes.isEmpty { fields.insert(.objectTypes) }
        if details.previousValue != nil { fields.insert(.previousValue) }
        if details.valueType != nil { fields.insert(.valueType) }
        if details.proof != nil { fields.insert(.proof) }
        head(fields.rawValue)
        if let moment = details.deletedAt { self.moment(moment) }
        if let moment = details.expiresAt { self.moment(moment) }
        if let id = details.instanceID { text(id) }
        if !details.objectTypes.isEmpty { names(details.objectTypes) }
        if let value = details.previousValue { self.value(value) }
        if let type = details.valueType { text(type) }
        if let proof = details.proof { value(proof) }
    }

    private mutating func value(_ value: JSONValue) {
        switch value {
        case .null: tag(.null)
        case .bool(let isTrue): tag(isTrue ? .yes : .no)
        case .number(let number): text(number.literal, .number)
        case .string(let string): text(string, .string)
        case .array(let elements):
            tag(.array, size: elements.count)
            for element in elements { self.value(element) }
        case .object(let object):
            tag(.object, size: object.count)
            for member in object.members {
                text(member.key)
                self.value(member.value)
            }
        }
    }
}

// MARK: - Bytes

extension EntityEncoder {
    @inline(__always)
    private mutating func head(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    @inline(__always)
    private mutating func tag(_ tag: ValueTag, size: Int = 0) {
        head(UInt64(size) << ValueTag.bits | tag.rawValue)
    }

    private mutating func text(_ text: String) {
        var text = text
        text.withUTF8 {
            head(UInt64($0.count))
            bytes.append(contentsOf: $0)
        }
    }

    private mutating func text(_ text: String, _ tag: ValueTag) {
        var text = text
        text.withUTF8 {
            self.tag(tag, size: $0.count)
            bytes.append(contentsOf: $0)
        }
    }

    private mutating func moment(_ moment: Timestamp) {
        let distance = moment.microseconds &- previousMoment
        previousMoment = moment.microseconds
        head(UInt64(bitPattern: distance << 1 ^ distance >> 63))
    }

    private mutating func names(_ names: [IRI]) {
        head(UInt64(names.count))
        for name in names { self.name(name) }
    }

    private mutating func name(_ name: IRI) {
        var text = name.text
        text.withUTF8 { text in
            let limit = min(text.count, previousName.count)
            var shared = 0
            while shared < limit, text[shared] == previousName[shared] { shared += 1 }
            head(UInt64(shared))
            let rest = UnsafeBufferPointer(rebasing: text[shared...])
            head(UInt64(rest.count))
            bytes.append(contentsOf: rest)
            previousName.removeLast(previousName.count - shared)
            previousName.append(contentsOf: rest)
        }
    }
}

extension Attribute.Kind {
    /// The number of bits for the kind in an attribute's head.
    static let bits: UInt64 = 3
}
