/// The grammar of URIs (RFC 3986) as far as identifiers need it: a scheme, a colon, something
/// after it, and no character that a URI must escape.
package enum URIText {
    package static func isValid(_ text: String) -> Bool {
        var isInScheme = true
        var isASCII = true
        var count = 0
        var schemeLength = 0
        for byte in text.utf8 {
            if byte >= 0x80 { isASCII = false }
            if byte <= 0x20 || byte == 0x7F || Self.isExcluded(byte) { return false }
            if isInScheme {
                if byte == UInt8(ascii: ":") {
                    isInScheme = false
                    schemeLength = count
                } else if !isSchemeByte(byte, isFirst: count == 0) {
                    return false
                }
            }
            count += 1
        }
        return !isInScheme && schemeLength > 0 && count > schemeLength + 1
            && (isASCII || text.unicodeScalars.allSatisfy(isVisible))
    }

    private static func isExcluded(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "{"),
            UInt8(ascii: "}"), UInt8(ascii: "|"), UInt8(ascii: "\\"), UInt8(ascii: "^"),
            UInt8(ascii: "`"):
            true
        default: false
        }
    }

    /// Whether an IRI (RFC 3987) may have the character and it is visible: no formatting, no
    /// blank, no noncharacter.
    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return true }
        let properties = scalar.properties
        if properties.isDefaultIgnorableCodePoint || properties.isNoncharacterCodePoint
            || properties.isWhitespace || scalar == "\u{2800}"
        {
            return false
        }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned: return false
        default: return true
        }
    }

    private static func isSchemeByte(_ byte: UInt8, isFirst: Bool) -> Bool {
        let lower = byte | 0x20
        if lower >= 0x61 && lower <= 0x7A { return true }
        return !isFirst
            && (byte >= 0x30 && byte <= 0x39 || byte == 0x2B || byte == 0x2D
                || byte == 0x2E)
    }
}
