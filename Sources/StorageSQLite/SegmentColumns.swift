internal import Storage

/// Writes the columns of a segment.
///
/// A number takes seven bits in each byte, low bits first (LEB128). A signed number has its sign
/// in the lowest bit, so that numbers near zero are short.
struct ColumnWriter {
    private(set) var bytes: [UInt8] = []

    mutating func unsigned(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func signed(_ number: Int64) {
        unsigned(UInt64(bitPattern: (number << 1) ^ (number >> 63)))
    }

    mutating func double(_ number: Double) {
        withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// Writes the number of bytes and then the bytes.
    mutating func sized(_ content: some Collection<UInt8>) {
        unsigned(UInt64(content.count))
        bytes.append(contentsOf: content)
    }
}

/// Reads what `ColumnWriter` wrote; it never reads beyond the bytes, even if they are damaged.
struct ColumnReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    static var damage: StorageError {
        StorageError(.damaged, note: "a segment of the history cannot be read")
    }

    @inline(__always)
    mutating func byte() throws -> UInt8 {
        guard position < bytes.count else { throw Self.damage }
        defer { position &+= 1 }
        return bytes[position]
    }

    @inline(__always)
    mutating func unsigned() throws -> UInt64 {
        let first = try byte()
        return first < 0x80 ? UInt64(first) : try longer(than: first)
    }

    private mutating func longer(than first: UInt8) throws -> UInt64 {
        var number = UInt64(first & 0x7F)
        var shift: UInt64 = 7
        while shift < 64 {
            let next = try byte()
            number |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return number }
            shift += 7
        }
        throw Self.damage
    }

    @inline(__always)
    mutating func signed() throws -> Int64 {
        let number = try unsigned()
        return Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
    }

    mutating func double() throws -> Double {
        let content = try take(8)
        return Double(
            bitPattern: UInt64(littleEndian: content.loadUnaligned(as: UInt64.self))
        )
    }

    mutating func sized() throws -> UnsafeRawBufferPointer {
        try take(Int(clamping: try unsigned()))
    }

    private mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count <= bytes.count - position else { throw Self.damage }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)])
    }
}
