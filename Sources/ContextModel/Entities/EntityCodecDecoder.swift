/// Decodes the bytes that `EntityCodec` describes; it accepts any bytes without a crash.
struct EntityDecoder {
    typealias Damage = EntityCodec.Damage

    let bytes: UnsafeRawBufferPointer
    var position = 0
    private var depth = 0
    /// The name that was read last.
    private(set) var nameBytes: [UInt8] = []
    private var previousMoment: Int64 = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func format(_ format: EntityCodec.Format) throws(Damage) {
        guard bytes.first == format.rawValue else { throw damage() }
        position = 1
    }

    func end() throws(Damage) {
        guard position == bytes.count else { throw damage() }
    }

    mutating func entity() throws(Damage) -> Entity {
        var entity = try entityWithoutAttributes()
        entity.attributes = try attributes()
        return entity
    }

    /// Reads everything before the attributes.
    mutating func entityWithoutAttributes() throws(Damage) -> Entity {
        let fields = try entityFields()
        var entity = Entity(id: EntityID(try text()), types: try names())
        if fields.contains(.scopes) {
            for _ in 0..<(try count()) { entity.scopes.append(try text()) }
        }
        if fields.contains(.createdAt) { entity.createdAt = try moment() }
        if fields.contains(.modifiedAt) { entity.modifiedAt = try moment() }
        if fields.contains(.expiresAt) { entity.expiresAt = try moment() }
        return entity
    }

    mutating func entityFields() throws(Damage) -> EntityFields {
        EntityFields(rawValue: try head(upTo: EntityFields.all))
    }

    private mutating func attributes() throws(Damage) -> [NamedAttribute] {
        try descend()
        defer { ascend() }
        let count = try count()
        var attributes: [NamedAttribute] = []
        attributes.reserveCapacity(Self.reserved(count))
        for _ in 0..<count {
            attributes.append(NamedAttribute(name: try name(), instances: try instances()))
        }
        return attributes
    }

    mutating func instances() throws(Damage) -> [Attribute] {
        let count = try count()
        var instances: [Attribute] = []
        instances.reserveCapacity(Self.reserved(count))
        for _ in 0..<count { instances.append(try attribute()) }
        return instances
    }

    mutating func attributeHead() throws(Damage) -> (Attribute.Kind, AttributeFields) {
        let head = try head(upTo: AttributeFields.all << Attribute.Kind.bits | 7)
        guard let kind = Attribute.Kind(rawValue: UInt8(head & 7)) else { throw damage() }
        return (kind, AttributeFields(rawValue: head >> Attribute.Kind.bits))
    }

    mutating func attribute() throws(Damage) -> Attribute {
        let (kind, fields) = try attributeHead()
        var attribute = Attribute(kind: kind, value: .null)
        if fields.contains(.createdAt) { attribute.createdAt = try moment() }
        if fields.contains(.modifiedAt) { attribute.modifiedAt = try moment() }
        if fields.contains(.observedAt) { attribute.observedAt = try moment() }
        if fields.contains(.unitCode) { attribute.unitCode = try text() }
        if fields.contains(.attributes) { attribute.attributes = try attributes() }
        if fields.contains(.datasetID) { attribute.datasetID = try text() }
        if fields.contains(.details) { attribute.details = try details() }
        attribute.value = try value()
        return attribute
    }

    mutating func details() throws(Damage) -> AttributeDetails {
        let fields = DetailFields(rawValue: try head(upTo: DetailFields.all))
        var details = AttributeDetails()
        if fields.contains(.deletedAt) { details.deletedAt = try moment() }
        if fields.contains(.expiresAt) { details.expiresAt = try moment() }
        if fields.contains(.instanceID) { details.instanceID = try text() }
        if fields.contains(.objectTypes) { details.objectTypes = try names() }
        if fields.contains(.previousValue) { details.previousValue = try value() }
        if fields.contains(.valueType) { details.valueType = try text() }
        if fields.contains(.proof) { details.proof = try value() }
        return details
    }
}

// MARK: - JSON values

extension EntityDecoder {
    mutating func value() throws(Damage) -> JSONValue {
        let (tag, size) = try valueHead()
        switch tag {
        case .null: return .null
        case .no: return .bool(false)
        case .yes: return .bool(true)
        case .number: return .number(try number(size))
        case .string: return .string(try text(size))
        case .array: return .array(try array(size))
        case .object: return .object(try object(size))
        }
    }

    /// The type of the value and its size: bytes of a text, otherwise elements, each of which has
    /// at least one byte.
    mutating func valueHead() throws(Damage) -> (tag: ValueTag, size: Int) {
        let head = try head()
        guard let size = Int(exactly: head >> ValueTag.bits), size <= bytes.count - position,
            let tag = ValueTag(rawValue: head & 7), size == 0 || tag.hasSize
        else { throw damage() }
        return (tag, size)
    }

    private mutating func number(_ size: Int) throws(Damage) -> JSONNumber {
        // The bytes after the literal may look like more digits.
        let literal = UnsafeRawBufferPointer(rebasing: bytes[..<(position &+ size)])
        guard JSONNumber.end(in: literal, from: position) == literal.count else { throw damage() }
        return JSONNumber(uncheckedLiteral: try text(size))
    }

    private mutating func array(_ count: Int) throws(Damage) -> [JSONValue] {
        try descend()
        defer { ascend() }
        var elements: [JSONValue] = []
        elements.reserveCapacity(Self.reserved(count))
        for _ in 0..<count { elements.append(try value()) }
        return elements
    }

    private mutating func object(_ count: Int) throws(Damage) -> JSONObject {
        try descend()
        defer { ascend() }
        var members: [(key: String, value: JSONValue)] = []
        members.reserveCapacity(Self.reserved(count))
        for _ in 0..<count {
            let key = try text()
            members.append((key, try value()))
        }
        return JSONObject(members)
    }

    mutating func descend() throws(Damage) {
        guard depth < EntityCodec.maximumDepth else { throw damage() }
        depth += 1
    }

    mutating func ascend() { depth -= 1 }
}

// MARK: - Bytes

extension EntityDecoder {
    /// The capacity to reserve for `count` elements, which may be damaged.
    private static func reserved(_ count: Int) -> Int { min(count, 256) }

    @inline(never)
    private func damage() -> Damage { Damage(offset: position) }

    @inline(__always)
    private mutating func head() throws(Damage) -> UInt64 {
        guard position < bytes.count else { throw damage() }
        let first = bytes[position]
        position &+= 1
        return first < 0x80 ? UInt64(first) : try longHead(UInt64(first & 0x7F))
    }

    private mutating func longHead(_ start: UInt64) throws(Damage) -> UInt64 {
        var number = start
        for shift in stride(from: UInt64(7), through: 63, by: 7) {
            guard position < bytes.count else { throw damage() }
            let byte = bytes[position]
            position &+= 1
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
        }
        throw damage()
    }

    private mutating func head(upTo maximum: UInt64) throws(Damage) -> UInt64 {
        let number = try head()
        guard number <= maximum else { throw damage() }
        return number
    }

    /// Reads a number of bytes, or of elements of at least one byte; throws when it exceeds the
    /// bytes left.
    @inline(__always)
    mutating func count() throws(Damage) -> Int {
        let number = try head()
        guard number <= UInt64(bytes.count &- position) else { throw damage() }
        return Int(number)
    }

    @inline(__always)
    private mutating func text() throws(Damage) -> String { try text(count()) }

    /// `size` must not exceed the bytes left.
    private mutating func text(_ size: Int) throws(Damage) -> String {
        guard let text = ByteWord.text(textBytes(size)) else { throw damage() }
        return text
    }

    /// The bytes of the next text, not validated.
    mutating func textBytes() throws(Damage) -> UnsafeRawBufferPointer { textBytes(try count()) }

    /// `size` must not exceed the bytes left.
    @inline(__always)
    mutating func textBytes(_ size: Int) -> UnsafeRawBufferPointer {
        let start = position
        position &+= size
        return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
    }

    mutating func moment() throws(Damage) -> Timestamp {
        let head = try head()
        let distance = Int64(bitPattern: head >> 1) ^ -Int64(bitPattern: head & 1)
        previousMoment &+= distance
        return Timestamp(microseconds: previousMoment)
    }

    private mutating func names() throws(Damage) -> [IRI] {
        var names: [IRI] = []
        for _ in 0..<(try count()) { names.append(try name()) }
        return names
    }

    private mutating func name() throws(Damage) -> IRI {
        try readName()
        return try nameIRI()
    }

    /// The name that was read last.
    func nameIRI() throws(Damage) -> IRI {
        guard let text = nameBytes.withUnsafeBytes(ByteWord.text) else { throw damage() }
        return IRI(text)
    }

    /// Reads the next name into `nameBytes`.
    mutating func readName() throws(Damage) {
        let shared = try head(upTo: UInt64(nameBytes.count))
        let restSize = try count()
        let rest = bytes[position..<(position &+ restSize)]
        nameBytes.removeLast(nameBytes.count &- Int(shared))
        nameBytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest))
        position &+= restSize
    }
}
