/// The grammar of names of types and attributes (clause 4.6.2): `name`, `prefix:name`, or an IRI.
///
/// Combining marks count as letters except at the beginning: many languages cannot be written
/// without them.
package enum Name {
    package static func isValid(_ text: String) -> Bool {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            return isPlain(text.unicodeScalars)
        }
        return isPlain(text.unicodeScalars[..<colon])
            && isPlain(text.unicodeScalars[text.utf8.index(after: colon)...])
            || URIText.isValid(text)
    }

    /// Whether it is a letter, then letters, digits and `_`.
    static func isPlain(_ text: some Collection<Unicode.Scalar>) -> Bool {
        // A mark at the beginning would combine with the character before the name.
        guard let first = text.first, isLetter(first), !isMark(first) else { return false }
        return text.dropFirst().allSatisfy { isLetter($0) || isNumber($0) || $0 == "_" }
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x41...0x5A, 0x61...0x7A: return true
        case 0..<0x80: return false
        default: break
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .nonspacingMark, .spacingMark:
            return true
        default: return false
        }
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        // There are no marks below U+0300.
        scalar.value >= 0x300
            && [.nonspacingMark, .spacingMark].contains(scalar.properties.generalCategory)
    }

    private static func isNumber(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x30...0x39: return true
        case 0..<0x80: return false
        default: break
        }
        switch scalar.properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: return true
        default: return false
        }
    }
}
