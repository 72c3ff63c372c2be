// MARK: - Strings

extension JSONReader {
    /// Reads a string whose opening quote comes next.
    ///
    /// A string without escapes, which nearly all are, is copied and checked in one go.
    mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        skipPlainCharacters()
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            return try stringWithEscapes(from: start)
        }
        let string = try validated(bytes[start..<position])
        guard !CombiningMarks.areTooMany(in: string) else { throw tooManyMarks(from: start) }
        position += 1
        return string
    }

    @inline(never)
    private func tooManyMarks(from start: Int) -> JSONError {
        let sentence =
            "A text may have \(CombiningMarks.maximumRun) combining marks in a row, not more."
        return JSONError(.tooManyMarks, at: start, in: bytes, sentence)
    }

    /// Skips to the next quote, backslash or control character, eight bytes at a time.
    @inline(__always)
    private mutating func skipPlainCharacters() {
        position = ByteWord.firstSpecial(in: bytes, from: position)
    }

    @inline(__always)
    private func validated(_ part: Slice<UnsafeRawBufferPointer>) throws(JSONError) -> String {
        guard let string = ByteWord.text(UnsafeRawBufferPointer(rebasing: part)) else {
            throw invalidUTF8(in: part)
        }
        return string
    }

    /// Reads the rest of a string after its first part without escapes.
    @inline(never)
    private mutating func stringWithEscapes(from start: Int) throws(JSONError) -> String {
        var content: [UInt8] = []
        var plainStart = start
        while true {
            let plain = bytes[plainStart..<position]
            guard ByteWord.firstInvalidUTF8(in: plain) == plain.endIndex else {
                throw invalidUTF8(in: plain)
            }
            content.append(contentsOf: plain)
            guard position < bytes.count else {
                throw error(.unexpectedEnd, "The text ends inside a string.")
            }
            switch bytes[position] {
            case UInt8(ascii: "\""):
                let string = String(decoding: content, as: UTF8.self)
                guard !CombiningMarks.areTooMany(in: string) else {
                    throw tooManyMarks(from: start)
                }
                position += 1
                return string
            case UInt8(ascii: "\\"):
                try escape(into: &content)
            default:
                let name = JSONError.codePoint(UInt32(bytes[position]))
                throw error(
                    .controlCharacter,
                    "A string may hold the control character \(name) only as an escape."
                )
            }
            plainStart = position
            skipPlainCharacters()
        }
    }

    private mutating func escape(into content: inout [UInt8]) throws(JSONError) {
        guard position + 1 < bytes.count else {
            position = bytes.count
            throw error(.unexpectedEnd, "The text ends inside a string.")
        }
        switch bytes[position + 1] {
        case UInt8(ascii: "u"): return try unicodeEscape(into: &content)
        case UInt8(ascii: "\""): content.append(UInt8(ascii: "\""))
        case UInt8(ascii: "\\"): content.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "/"): content.append(UInt8(ascii: "/"))
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        default:
            let found = JSONError.quote(bytes, at: position)
            throw error(.invalidEscape, "JSON has no escape \(found).")
        }
        position += 2
    }

    /// Reads `\uXXXX`, or two of them for a character beyond U+FFFF.
    private mutating func unicodeEscape(into content: inout [UInt8]) throws(JSONError) {
        let start = position
        var value = try codeUnit()
        if 0xD800..<0xDC00 ~= value, isAtUnicodeEscape {
            let low = try codeUnit()
            if 0xDC00..<0xE000 ~= low { value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00) }
        }
        guard let scalar = Unicode.Scalar(value) else {
            position = start
            let found = JSONError.quote(bytes, at: position)
            throw error(.loneSurrogate, "\(found) is half a character: a surrogate needs its pair.")
        }
        content.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    private mutating func codeUnit() throws(JSONError) -> UInt32 {
        let digits = bytes[min(position + 2, bytes.count)...].prefix(4)
        guard digits.count == 4 else { throw invalidUnicodeEscape() }
        var value: UInt32 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 + UInt32(digit) - 0x30
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 + UInt32(digit) - 0x37
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 + UInt32(digit) - 0x57
            default: throw invalidUnicodeEscape()
            }
        }
        position += 6
        return value
    }

    private var isAtUnicodeEscape: Bool {
        position + 1 < bytes.count && bytes[position] == UInt8(ascii: "\\")
            && bytes[position + 1] == UInt8(ascii: "u")
    }

    private func invalidUnicodeEscape() -> JSONError {
        let found = JSONError.quote(bytes, at: position)
        return error(.invalidEscape, "`\\u` needs four hexadecimal digits, unlike \(found).")
    }

    @inline(never)
    private func invalidUTF8(in part: Slice<UnsafeRawBufferPointer>) -> JSONError {
        JSONError(
            .invalidUTF8,
            at: ByteWord.firstInvalidUTF8(in: part),
            in: bytes,
            "The string is not valid UTF-8."
        )
    }
}

// MARK: - Numbers

extension JSONReader {
    /// Reads a number, whose first byte is a digit or a minus sign, and keeps its spelling.
    mutating func number() throws(JSONError) -> JSONNumber {
        let start = position
        guard let end = JSONNumber.end(in: bytes, from: start) else {
            let found = JSONError.quote(bytes, at: start)
            throw error(.invalidNumber, "\(found) is not a number as JSON writes them.")
        }
        position = end
        let literal = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        return JSONNumber(
            uncheckedLiteral: String(
                decoding: literal.assumingMemoryBound(to: UInt8.self),
                as: UTF8.self
            )
        )
    }
}
