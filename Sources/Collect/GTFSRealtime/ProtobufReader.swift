/// Reads the fields of one message of Protocol Buffers, in the order in which they stand.
///
/// What the wire format does not allow is refused: a field with the number 0, a length beyond the end, a number
/// of more than 64 bits, and groups, which no message has had since 2008.
struct ProtobufReader {
    enum Value: Equatable {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        /// A text, or a message inside the message.
        case bytes(ArraySlice<UInt8>)
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next field; nil at the end of the message.
    mutating func next() throws(RowRefusal) -> (number: Int, value: Value)? {
        guard !rest.isEmpty else { return nil }
        let tag = try varint()
        let number = tag >> 3
        guard (1...Self.maximumNumber).contains(number) else {
            throw Self.damaged("has a field with the number \(number)")
        }
        let value: Value
        switch tag & 7 {
        case 0: value = .varint(try varint())
        case 1: value = .fixed64(try fixed(8))
        case 2:
            let length = try varint()
            guard length <= UInt64(rest.count) else { throw Self.damaged("is cut off") }
            value = .bytes(rest.prefix(Int(length)))
            rest = rest.dropFirst(Int(length))
        case 5: value = .fixed32(UInt32(truncatingIfNeeded: try fixed(4)))
        default: throw Self.damaged("has a field of the unknown kind \(tag & 7)")
        }
        return (Int(number), value)
    }

    /// The largest number that a field may have.
    private static let maximumNumber: UInt64 = (1 << 29) - 1
    private static let maximumVarintBytes = 10

    private mutating func varint() throws(RowRefusal) -> UInt64 {
        var value: UInt64 = 0
        for place in 0..<Self.maximumVarintBytes {
            guard let byte = rest.popFirst() else { throw Self.damaged("is cut off") }
            let bits = UInt64(byte & 0x7F)
            guard place < Self.maximumVarintBytes - 1 || bits <= 1 else { break }
            value |= bits << UInt64(7 * place)
            if byte & 0x80 == 0 { return value }
        }
        throw Self.damaged("has a number of more than 64 bits")
    }

    private mutating func fixed(_ count: Int) throws(RowRefusal) -> UInt64 {
        guard rest.count >= count else { throw Self.damaged("is cut off") }
        var value: UInt64 = 0
        for byte in rest.prefix(count).reversed() { value = value << 8 | UInt64(byte) }
        rest = rest.dropFirst(count)
        return value
    }

    static func damaged(_ what: String) -> RowRefusal {
        RowRefusal(reason: "The message \(what): it cannot be read as Protocol Buffers.")
    }
}
