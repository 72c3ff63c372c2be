internal import ContextModel
internal import Storage

/// How entities and attributes become the bytes of a `body` column.
enum Body {
    static func bytes(_ entity: Entity) -> [UInt8] {
        var writer = BodyWriter()
        writer.entity(entity)
        return writer.bytes
    }

    static func entity(_ bytes: UnsafeRawBufferPointer) throws -> Entity {
        var reader = BodyReader(bytes: bytes)
        return try reader.entity()
    }

    static func bytes(_ attribute: Attribute) -> [UInt8] {
        var writer = BodyWriter()
        writer.attribute(attribute)
        return writer.bytes
    }

    static func attribute(_ bytes: UnsafeRawBufferPointer) throws -> Attribute {
        var reader = BodyReader(bytes: bytes)
        return try reader.attribute()
    }

    static func attribute(_ bytes: [UInt8]) throws -> Attribute {
        try bytes.withUnsafeBytes(attribute)
    }
}
