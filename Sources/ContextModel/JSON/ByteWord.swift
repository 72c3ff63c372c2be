/// Operations on eight bytes at once.
enum ByteWord {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    /// The index of the first quote, backslash or control character, which JSON strings must
    /// escape; the end when there is none.
    @inline(__always)
    static func firstSpecial(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while index &+ 8 <= bytes.count {
            let word = UInt64(
                littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            )
            let found = specials(word)
            // Borrows can wrongly mark a byte after a special one, but never one before it.
            if found != 0 { return index &+ found.trailingZeroBitCount / 8 }
            index &+= 8
        }
        while index < bytes.count, !isSpecial(bytes[index]) { index &+= 1 }
        return index
    }

    /// Whether two runs of the same length are equal.
    @inline(__always)
    static func areEqual(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index &+ 8 <= a.count {
            let word = a.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if word != b.loadUnaligned(fromByteOffset: index, as: UInt64.self) { return false }
            index &+= 8
        }
        while index < a.count {
            if a[index] != b[index] { return false }
            index &+= 1
        }
        return true
    }

    @inline(__always)
    static func isSpecial(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// The high bit of each byte that is below 0x20, a quotation mark or a backslash.
    @inline(__always)
    private static func specials(_ word: UInt64) -> UInt64 {
        let quote = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let backslash = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
        let control = (word &- ones &* 0x20) & ~word
        return (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | control) & highs
    }
}

// MARK: - UTF-8

extension ByteWord {
    /// The text of bytes in UTF-8; nil if they are not valid.
    ///
    /// The standard library's own checked initialiser takes several times as long for short texts.
    @inline(__always)
    static func text(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard isASCII(bytes) || firstInvalidUTF8(in: bytes[...]) == bytes.count else { return nil }
        return String(decoding: bytes.assumingMemoryBound(to: UInt8.self), as: UTF8.self)
    }

    @inline(__always)
    static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        var seen: UInt64 = 0
        while index &+ 8 <= bytes.count {
            seen |= bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            index &+= 8
        }
        while index < bytes.count {
            seen |= UInt64(bytes[index])
            index &+= 1
        }
        return seen & highs == 0
    }

    /// The index of the first byte that begins no valid character (RFC 3629); the end when there
    /// is none.
    @inline(never)
    static func firstInvalidUTF8(in bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let length = characterLength(bytes[index...])
            if length == 0 { return index }
            index += length
        }
        return index
    }

    /// The length of the character at the beginning; 0 if there is no valid one.
    private static func characterLength(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        let first = bytes[bytes.startIndex]
        let length: Int
        switch first {
        case ..<0x80: return 1
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF: length = 3
        case 0xF0...0xF4: length = 4
        default: return 0
        }
        let tail = bytes.dropFirst().prefix(length - 1)
        guard tail.count == length - 1, tail.allSatisfy({ $0 & 0xC0 == 0x80 }) else { return 0 }
        let second = bytes[bytes.startIndex + 1]
        switch first {
        case 0xE0: return second >= 0xA0 ? length : 0  // shorter form exists
        case 0xED: return second < 0xA0 ? length : 0  // surrogates
        case 0xF0: return second >= 0x90 ? length : 0  // shorter form exists
        case 0xF4: return second < 0x90 ? length : 0  // beyond U+10FFFF
        default: return length
        }
    }
}
