/// Writes messages of Protocol Buffers for tests.
struct FeedBytes {
    private(set) var bytes: [UInt8] = []

    static func + (a: FeedBytes, b: FeedBytes) -> FeedBytes {
        var sum = a
        sum.bytes += b.bytes
        return sum
    }

    static func raw(_ bytes: [UInt8]) -> FeedBytes {
        var feed = FeedBytes()
        feed.bytes = bytes
        return feed
    }

    static func number(_ field: Int, _ value: Int64) -> FeedBytes {
        raw(varint(UInt64(field) << 3) + varint(UInt64(bitPattern: value)))
    }

    static func text(_ field: Int, _ text: String) -> FeedBytes { data(field, Array(text.utf8)) }

    static func float(_ field: Int, _ value: Float) -> FeedBytes {
        raw(
            varint(UInt64(field) << 3 | 5)
                + withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
        )
    }

    static func data(_ field: Int, _ bytes: [UInt8]) -> FeedBytes {
        raw(varint(UInt64(field) << 3 | 2) + varint(UInt64(bytes.count)) + bytes)
    }

    static func message(_ field: Int, _ parts: FeedBytes...) -> FeedBytes {
        data(field, parts.flatMap(\.bytes))
    }

    static func varint(_ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    /// The header of a feed of 1 May 2026, 08:00.
    static let header = message(1, text(1, "2.0"), number(3, 1_777_622_400))
}
