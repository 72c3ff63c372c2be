/// Entities and attributes as the bytes that a store keeps.
///
/// The form is for the hub alone: compact, quick to read, without loss. It is made of *heads* and
/// what follows them. A head is a number of seven bits a byte, low bits first (LEB128).
///
/// - A text is its length and its UTF-8.
/// - A name (types, attribute names) is how many bytes it shares with the name before it, then the
///   rest as a text: names of one city mostly begin alike.
/// - A moment is the distance from the moment before it, signed in the lowest bit: most moments
///   of an entity are the same.
/// - A JSON value is a head with its `ValueTag` in the low three bits and its size above them.
/// - What is optional is announced by bits in the head before it (`EntityFields` and so on).
///
/// The first byte tells what the bytes hold and in which version; a new version is a new byte, so
/// that what was stored stays readable. Damaged bytes make `Damage`, or another valid entity, and
/// never stop the program; whether bytes are those that were written is up to the store.
package enum EntityCodec {
    /// What the bytes hold, and in which version.
    enum Form: UInt8 {
        case entity1 = 0x11
        case attribute1 = 0x21
    }

    /// Bytes that are not what they should be.
    package struct Damage: Error, Sendable, Equatable {
        /// Where it was noticed.
        package let offset: Int

        package init(offset: Int) { self.offset = offset }
    }

    /// Arrays, objects and sub-attributes inside each other.
    ///
    /// Far more than a reader of JSON lets in; it keeps damaged bytes from exhausting the stack.
    static let maximumDepth = 256

    package static func encode(_ entity: Entity) -> [UInt8] {
        var encoder = EntityEncoder(.entity1)
        encoder.entity(entity)
        return encoder.bytes
    }

    /// Encodes one instance alone, as history keeps it.
    package static func encode(_ attribute: Attribute) -> [UInt8] {
        var encoder = EntityEncoder(.attribute1)
        encoder.attribute(attribute)
        return encoder.bytes
    }

    package static func decode(_ bytes: UnsafeRawBufferPointer) throws(Damage) -> Entity {
        var decoder = EntityDecoder(bytes)
        try decoder.form(.entity1)
        let entity = try decoder.entity()
        try decoder.end()
        return entity
    }

    package static func decode(_ bytes: [UInt8]) throws(Damage) -> Entity {
        try bytes.withUnsafeBufferPointer { (buffer) throws(Damage) in
            try decode(UnsafeRawBufferPointer(buffer))
        }
    }

    package static func decodeAttribute(
        _ bytes: UnsafeRawBufferPointer
    ) throws(Damage) -> Attribute {
        var decoder = EntityDecoder(bytes)
        try decoder.form(.attribute1)
        let attribute = try decoder.attribute()
        try decoder.end()
        return attribute
    }

    package static func decodeAttribute(_ bytes: [UInt8]) throws(Damage) -> Attribute {
        try bytes.withUnsafeBufferPointer { (buffer) throws(Damage) in
            try decodeAttribute(UnsafeRawBufferPointer(buffer))
        }
    }
}

// MARK: - Parts of the form

/// What a JSON value is.
enum ValueTag: UInt64 {
    case null, no, yes, number, string, array, object
    static let bits: UInt64 = 3

    /// Whether more follows than the head.
    var hasSize: Bool { rawValue >= Self.number.rawValue }
}

/// The optional parts of an entity, in the order they follow.
struct EntityFields: OptionSet {
    let rawValue: UInt64
    static let scopes = Self(rawValue: 1)
    static let createdAt = Self(rawValue: 2)
    static let modifiedAt = Self(rawValue: 4)
    static let expiresAt = Self(rawValue: 8)
    static let all: UInt64 = 15
}

/// The optional parts of an attribute, in the order they follow; in its head they stand above the
/// three bits of its kind.
struct AttributeFields: OptionSet {
    let rawValue: UInt64
    static let createdAt = Self(rawValue: 1)
    static let modifiedAt = Self(rawValue: 2)
    static let observedAt = Self(rawValue: 4)
    static let unitCode = Self(rawValue: 8)
    static let attributes = Self(rawValue: 16)
    static let datasetID = Self(rawValue: 32)
    static let details = Self(rawValue: 64)
    static let all: UInt64 = 127
}

/// The optional parts of an attribute's details, in the order they follow.
struct DetailFields: OptionSet {
    let rawValue: UInt64
    static let deletedAt = Self(rawValue: 1)
    static let expiresAt = Self(rawValue: 2)
    static let instanceID = Self(rawValue: 4)
    static let objectTypes = Self(rawValue: 8)
    static let previousValue = Self(rawValue: 16)
    static let valueType = Self(rawValue: 32)
    static let proof = Self(rawValue: 64)
    static let all: UInt64 = 127
}
