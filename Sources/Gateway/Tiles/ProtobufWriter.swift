/// Writes messages of Protocol Buffers: the wire types that vector tiles need.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func varint(_ field: Int, _ value: UInt64) {
        append(UInt64(field) << 3)
        append(value)
    }

    mutating func double(_ field: Int, _ value: Double) {
        append(UInt64(field) << 3 | 1)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func string(_ field: Int, _ text: String) { data(field, Array(text.utf8)) }

    /// A message inside the message, or another field with a length.
    mutating func data(_ field: Int, _ content: [UInt8]) {
        append(UInt64(field) << 3 | 2)
        append(UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    /// Numbers in one field (packed).
    mutating func packed(_ field: Int, _ numbers: [UInt32]) {
        var inner = ProtobufWriter()
        for number in numbers { inner.append(UInt64(number)) }
        data(field, inner.bytes)
    }

    private mutating func append(_ value: UInt64) {
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// A number that may be negative, so that small ones stay short.
    static func zigzag(_ value: Int32) -> UInt32 { UInt32(bitPattern: value << 1 ^ value >> 31) }
}
