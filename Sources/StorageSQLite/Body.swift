internal import ContextModel
internal import Storage

/// The encoding of entities and attributes in `body` columns.
enum Body {
    static func bytes(_ entity: Entity) -> [UInt8] { EntityCodec.encode(entity) }

    static func bytes(_ attribute: Attribute) -> [UInt8] { EntityCodec.encode(attribute) }

    static func entity(_ bytes: UnsafeRawBufferPointer) throws -> Entity {
        do { return try EntityCodec.decode(bytes) } catch { throw StorageError(error) }
    }

    /// The entity with the selected attributes alone.
    static func entity(
        _ bytes: UnsafeRawBufferPointer,
        _ selection: AttributeSelection
    ) throws -> Entity {
        do { return try EntityCodec.decode(bytes, selection) } catch { throw StorageError(error) }
    }

    static func attribute(_ bytes: UnsafeRawBufferPointer) throws -> Attribute {
        do { return try EntityCodec.decodeAttribute(bytes) } catch { throw StorageError(error) }
    }

    static func attribute(_ bytes: [UInt8]) throws -> Attribute {
        try bytes.withUnsafeBytes(attribute)
    }
}
