/// The encodings of tables.
enum TextEncoding: String, Sendable, CaseIterable {
    case utf8 = "utf-8"
    case utf16LittleEndian = "utf-16le"
    case utf16BigEndian = "utf-16be"
    case windows1252 = "windows-1252"
    case latin1 = "iso-8859-1"
    case windows874 = "windows-874"

    /// The names of the encodings in a map.
    static let names: [(String, TextEncoding)] = allCases.map { ($0.rawValue, $0) }

    /// The encoding of a byte order mark at the beginning, and the length of the mark.
    static func marked(_ bytes: [UInt8]) -> (encoding: TextEncoding, markBytes: Int)? {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return (.utf8, 3) }
        if bytes.starts(with: [0xFF, 0xFE]) { return (.utf16LittleEndian, 2) }
        if bytes.starts(with: [0xFE, 0xFF]) { return (.utf16BigEndian, 2) }
        return nil
    }

    /// The kind of UTF-16 that bytes without a mark look like: every second byte of Latin text is
    /// zero, and no byte in any other encoding.
    static func guessed(_ bytes: [UInt8]) -> TextEncoding? {
        let zeros = bytes.indices.filter { bytes[$0] == 0 }
        guard let first = zeros.first, zeros.count >= bytes.count / 8 else { return nil }
        return first % 2 == 1 ? .utf16LittleEndian : .utf16BigEndian
    }

    /// The characters of the bytes from 0x80 to 0x9F; those that Windows does not define are
    /// control characters.
    private static let windows1252High: [UInt32] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013,
        0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
    ]

    /// The character of a byte in a single-byte encoding; nil where there is none.
    fileprivate func scalar(of byte: UInt8) -> UInt32? {
        switch (self, byte) {
        case (_, ..<0x80): UInt32(byte)
        case (.windows1252, 0x80...0x9F): Self.windows1252High[Int(byte) - 0x80]
        case (.windows874, 0x85), (.windows874, 0x80), (.windows874, 0x91...0x97):
            Self.windows1252High[Int(byte) - 0x80]
        case (.windows874, 0xA1...0xDA), (.windows874, 0xDF...0xFB):
            UInt32(byte) - 0xA1 + 0x0E01
        case (.windows874, 0xA0): 0xA0
        case (.windows874, _): nil
        default: UInt32(byte)
        }
    }
}

/// Decodes an encoding to UTF-8, piece by piece.
///
/// Invalid bytes become bytes that are not valid UTF-8, so that their row is reported.
struct TextDecoder {
    let encoding: TextEncoding
    /// The bytes of an incomplete character.
    private var rest: [UInt8] = []
    private var highSurrogate: UInt16?

    init(_ encoding: TextEncoding) { self.encoding = encoding }

    private static let noCharacter: UInt8 = 0xFF

    mutating func decode(_ piece: [UInt8]) -> [UInt8] {
        switch encoding {
        case .utf8: return piece
        case .utf16LittleEndian, .utf16BigEndian: return decodeUTF16(piece)
        case .windows1252, .latin1, .windows874:
            var decoded: [UInt8] = []
            decoded.reserveCapacity(piece.count + piece.count / 8)
            for byte in piece { Self.append(encoding.scalar(of: byte), to: &decoded) }
            return decoded
        }
    }

    /// The rest at the end of the file: an incomplete character, if any.
    mutating func finish() -> [UInt8] {
        defer { (rest, highSurrogate) = ([], nil) }
        return rest.isEmpty && highSurrogate == nil ? [] : [Self.noCharacter]
    }

    private mutating func decodeUTF16(_ piece: [UInt8]) -> [UInt8] {
        let bytes = rest + piece
        rest = bytes.count % 2 == 1 ? [bytes[bytes.count - 1]] : []
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        for index in stride(from: 0, to: bytes.count - 1, by: 2) {
            let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
            let unit = encoding == .utf16LittleEndian ? second << 8 | first : first << 8 | second
            take(unit, into: &decoded)
        }
        return decoded
    }

    private mutating func take(_ unit: UInt16, into decoded: inout [UInt8]) {
        let high = highSurrogate
        highSurrogate = nil
        switch (unit, high) {
        case (0xDC00...0xDFFF, let high?):
            let scalar = UInt32(high - 0xD800) << 10 + UInt32(unit - 0xDC00) + 0x10000
            Self.append(scalar, to: &decoded)
        case (0xDC00...0xDFFF, nil): decoded.append(Self.noCharacter)
        default:
            if high != nil { decoded.append(Self.noCharacter) }
            if 0xD800...0xDBFF ~= unit {
                highSurrogate = unit
            } else {
                Self.append(UInt32(unit), to: &decoded)
            }
        }
    }

    private static func append(_ scalar: UInt32?, to bytes: inout [UInt8]) {
        guard let encoded = scalar.flatMap(Unicode.Scalar.init).flatMap(UTF8.encode) else {
            return bytes.append(noCharacter)
        }
        bytes.append(contentsOf: encoded)
    }
}
