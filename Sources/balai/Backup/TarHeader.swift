/// The head of one file in a tar archive (POSIX `ustar`): 512 bytes before its content.
struct TarHeader: Equatable {
    /// Archives consist of blocks of this many bytes.
    static let blockBytes = 512
    /// The longest name that fits without a second part.
    static let maximumNameBytes = 100

    let name: String
    /// The length of the content in bytes.
    let size: Int

    /// The number of zero bytes after the content, which fill its last block.
    var paddingBytes: Int { (Self.blockBytes - size % Self.blockBytes) % Self.blockBytes }

    init(name: String, size: Int) {
        precondition(name.utf8.count <= Self.maximumNameBytes && size >= 0, "a name of our own")
        self.name = name
        self.size = size
    }

    /// Reads a head; nil for what is none, or that of something else than a plain file.
    init?(_ block: [UInt8]) {
        guard block.count == Self.blockBytes, let checksum = Self.octal(block[Field.checksum]),
            checksum == Self.checksum(of: block),
            block[Field.kind] == Self.plainFile || block[Field.kind] == 0,
            block[Field.prefix].allSatisfy({ $0 == 0 }),
            let name = String(
                validating: block[Field.name].prefix { $0 != 0 },
                as: UTF8.self
            ), !name.isEmpty, let size = Self.number(block[Field.size])
        else { return nil }
        self.name = name
        self.size = size
    }

    /// The head as it stands in an archive: of a file for its owner alone, changed at this second.
    func block(modified seconds: Int) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: Self.blockBytes)
        func put(_ bytes: some Collection<UInt8>, at field: Range<Int>) {
            block.replaceSubrange(field.prefix(bytes.count), with: bytes)
        }
        put(name.utf8, at: Field.name)
        put("0000600".utf8, at: Field.mode)
        put("0000000".utf8, at: Field.owner)
        put("0000000".utf8, at: Field.group)
        put(Self.field(size), at: Field.size)
        put(Self.field(max(seconds, 0)), at: Field.modified)
        block[Field.kind] = Self.plainFile
        put("ustar\u{0}00".utf8, at: Field.magic)
        let sum = String(Self.checksum(of: block), radix: 8)
        put(
            (String(repeating: "0", count: 6 - sum.count) + sum + "\u{0} ").utf8,
            at: Field.checksum
        )
        return block
    }

    // MARK: Fields

    private enum Field {
        static let name = 0..<100
        static let mode = 100..<108
        static let owner = 108..<116
        static let group = 116..<124
        static let size = 124..<136
        static let modified = 136..<148
        static let checksum = 148..<156
        static let kind = 156
        static let magic = 257..<265
        static let prefix = 345..<500
    }
    private static let plainFile = UInt8(ascii: "0")

    /// The sum of all bytes, with blanks for the sum itself.
    private static func checksum(of block: [UInt8]) -> Int {
        block.indices.reduce(0) {
            $0 + (Field.checksum.contains($1) ? 0x20 : Int(block[$1]))
        }
    }

    /// A number of 12 bytes: octal digits or, from 8 GiB on, binary with its highest bit set.
    private static func field(_ number: Int) -> [UInt8] {
        let digits = String(number, radix: 8)
        if digits.utf8.count <= 11 {
            return Array((String(repeating: "0", count: 11 - digits.count) + digits).utf8) + [0]
        }
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: number >> ((7 - $0) * 8)) }
        return [0x80, 0, 0, 0] + bytes
    }

    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        guard field.first == 0x80 else { return octal(field) }
        guard field.dropFirst().prefix(3).allSatisfy({ $0 == 0 }) else { return nil }
        return Int(exactly: field.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
        let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
        return Int(String(decoding: digits, as: UTF8.self), radix: 8).flatMap { $0 < 0 ? nil : $0 }
    }
}
