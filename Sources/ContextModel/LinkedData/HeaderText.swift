/// Parses the values of list headers (RFC 9110 clause 5.6): elements, parameters and quoted
/// strings, which may have any character.
package enum HeaderText {
    /// The parts between separators outside quoted strings and `<…>`, without blanks around them.
    package static func parts(
        of text: some StringProtocol,
        separatedBy separator: UInt8
    ) -> [Substring] {
        let text = Substring(text)
        var parts: [Substring] = []
        var scan = QuotedScan()
        var start = text.startIndex
        for index in text.utf8.indices {
            let byte = text.utf8[index]
            if scan.isInside(byte) || byte != separator { continue }
            parts.append(trimmed(text[start..<index]))
            start = text.utf8.index(after: index)
        }
        parts.append(trimmed(text[start...]))
        return parts
    }

    /// The elements of a list; empty ones, which clause 5.6.1.2 allows, are left out.
    package static func elements(of list: some StringProtocol) -> [Substring] {
        parts(of: list, separatedBy: UInt8(ascii: ",")).filter { !$0.isEmpty }
    }

    /// The parts between semicolons: a name and its parameters.
    package static func parameters(of element: some StringProtocol) -> [Substring] {
        parts(of: element, separatedBy: UInt8(ascii: ";"))
    }

    /// Parses `name=value`, with or without blanks around the sign; nil without a sign.
    ///
    /// The name is in lower case, and the value without quotation marks.
    package static func parameter(_ text: Substring) -> (name: String, value: String)? {
        guard let sign = text.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let value = trimmed(text[text.utf8.index(after: sign)...])
        return (trimmed(text[..<sign]).lowercased(), unquoted(value))
    }

    private static func unquoted(_ text: Substring) -> String {
        let quote = UInt8(ascii: "\"")
        guard text.utf8.count > 1, text.utf8.first == quote, text.utf8.last == quote else {
            return String(text)
        }
        var bytes: [UInt8] = []
        var isEscaped = false
        for byte in text.utf8.dropFirst().dropLast() {
            isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
            if !isEscaped { bytes.append(byte) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let bytes = text.utf8
        guard let start = bytes.firstIndex(where: { !isBlank($0) }),
            let last = bytes.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return text[start..<bytes.index(after: last)]
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}

/// Tells, byte by byte, whether a separator would be inside a quoted string or `<…>`.
private struct QuotedScan {
    private var isQuoted = false
    private var isEscaped = false
    private var isInAngles = false

    /// Whether the byte is inside a quoted string or `<…>`.
    mutating func isInside(_ byte: UInt8) -> Bool {
        if isQuoted {
            let isEnd = byte == UInt8(ascii: "\"") && !isEscaped
            isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
            isQuoted = !isEnd
            return true
        }
        if isInAngles {
            isInAngles = byte != UInt8(ascii: ">")
            return true
        }
        isQuoted = byte == UInt8(ascii: "\"")
        isInAngles = byte == UInt8(ascii: "<")
        return isQuoted || isInAngles
    }
}
