/// The reason why a text is not JSON, and where.
package struct JSONError: Error, Sendable, CustomStringConvertible {
    /// The rule of RFC 8259, or the limit, that the text breaks.
    package enum Code: Sendable, Hashable, CaseIterable {
        case byteOrderMark, unexpectedEnd, unexpectedCharacter, trailingContent
        case invalidNumber, invalidEscape, loneSurrogate, controlCharacter, invalidUTF8
        case duplicateMember
        case tooLong, tooDeep, tooManyMembers, tooManyMarks
    }

    package let code: Code
    /// The number of bytes before the error.
    package let offset: Int
    /// Counted from 1.
    package let line: Int
    /// Counted from 1, in characters (Unicode scalars).
    package let column: Int
    /// A sentence for the author of the text.
    package let message: String

    package var description: String { "Line \(line), column \(column): \(message)" }
}

/// Two errors are equal if their codes and places are.
extension JSONError: Equatable {
    package static func == (a: JSONError, b: JSONError) -> Bool {
        a.code == b.code && a.offset == b.offset
    }
}

extension JSONError {
    /// Computes line and column, which only errors need.
    init(_ code: Code, at offset: Int, in bytes: UnsafeRawBufferPointer, _ sentence: String) {
        let before = bytes.prefix(offset)
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        self.code = code
        self.offset = offset
        line = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        column = before[lineStart...].reduce(1) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 }
        message = sentence
    }

    /// The most bytes of the text that a message quotes.
    static let maximumQuotedBytes = 24

    /// A quotation of the text from the offset up to the next blank or punctuation; unprintable
    /// characters are written as their codes.
    static func quote(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> String {
        guard offset < bytes.count else { return "the end of the text" }
        let rest = bytes[offset...].prefix(maximumQuotedBytes)
        let ends = rest.dropFirst().firstIndex { " \t\r\n,:[]{}\"".utf8.contains($0) }
        let word = rest[..<(ends ?? rest.endIndex)]
        return quote(String(decoding: word, as: UTF8.self))
    }

    /// A quotation of the text in backticks, shortened; control characters are written as their
    /// codes.
    static func quote(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars.prefix(maximumQuotedBytes) {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            shown += isControl ? codePoint(scalar.value) : String(scalar)
        }
        return text.unicodeScalars.count > maximumQuotedBytes ? "`\(shown)…`" : "`\(shown)`"
    }

    /// The code of a character, such as `U+000A`.
    static func codePoint(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
