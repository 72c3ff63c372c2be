/// Encodes entities and attributes as bytes for a store.
///
/// The encoding is internal to the hub: compact, quick to read and lossless. It consists of
/// *heads* and their contents. A head is a number with seven bits in each byte, low bits first
/// (LEB128).
///
/// - A text is its length and its UTF-8.
/// - A name (of a type or an attribute) is the number of bytes that it shares with the name before
///   it, then the rest as a text: most names of a city begin alike.
/// - A moment is its difference from the moment before it, with the sign in the lowest bit: most
///   moments of an entity are equal.
/// - A JSON value is a head with its `ValueTag` in the low three bits and its size above them.
/// - Optional parts are announced by bits in the head before them (`EntityFields` and others).
///
/// The first byte tells the content and the version; a new version has a new byte, so that stored
/// bytes stay readable. Decoding damaged bytes throws `Damage` or returns another valid entity,
/// and never stops the program. Detecting changed bytes is up to the store.
package enum EntityCodec {
    /// The content of the bytes and the version.
    enum Format: UInt8 {
        case entity1 = 0x11
        case attribute1 = 0x21
    }

    /// The error for bytes that are not a valid encoding.
    package struct Damage: Error, Sendable, Equatable {
        /// The offset at which it was noticed.
        package let offset: Int

        package init(offset: Int) { self.offset = offset }
    }

    /// The depth of nested arrays, objects and sub-attributes.
    ///
    /// It is far more than a reader of JSON accepts, and keeps damaged bytes from exhausting the
    /// stack.
    static let maximumDepth = 256

    package static func encode(_ entity: Entity) -> [UInt8] {
        var encoder = EntityEncoder(.entity1)
        encoder.entity(entity)
        return encoder.bytes
    }

    /// Encodes a single instance, for the history.
    package static func encode(_ attribute: Attribute) -> [UInt8] {
        var encoder = EntityEncoder(.attribute1)
        encoder.attribute(attribute)
        return encoder.bytes
    }

    package static func decode(_ bytes: UnsafeRawBufferPointer) throws(Damage) -> Entity {
        var decoder = EntityDecoder(bytes)
        try decoder.format(.entity1)
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
        try decoder.format(.attribute1)
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

// MARK: - Parts of the encoding

/// The type of a JSON value.
enum ValueTag: UInt64 {
    case null, no, yes, number, string, array, object
    static let bits: UInt64 = 3

    /// Whether content follows the head.
    var hasSize: Bool { rawValue >= Self.number.rawValue }
}

/// The optional parts of an entity, in their order.
struct EntityFields: OptionSet {
    let rawValue: UInt64
    static let scopes = Self(rawValue: 1)
    static let createdAt = Self(rawValue: 2)
    static let modifiedAt = Self(rawValue: 4)
    static let expiresAt = Self(rawValue: 8)
    static let all: UInt64 = 15
}

/// The optional parts of an attribute, in their order.
///
/// In its head they are above the three bits of its kind.
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

/// The optional parts of an attribute's details, in their order.
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
