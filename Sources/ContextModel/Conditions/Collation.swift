/// The order of texts (clause 4.23.1): ICU's root collation at the strength of a tag of RFC 6067.
///
/// Tailorings for single languages (`de-u-co-phonebk`) are accepted and have no effect.
package struct Collation: Sendable, Hashable {
    /// The differences that count (`ks`): letters, then accents, then case, then all.
    package enum Strength: Int, Sendable, Hashable {
        case letters = 1
        case accents, upperAndLower, everything
    }
    package var strength: Strength
    /// Whether consecutive digits are compared as one number, so that 2 comes before 10 (`kn`).
    package var isNumeric: Bool

    package static let root = Collation(strength: .upperAndLower)

    package init(strength: Strength, isNumeric: Bool = false) {
        self.strength = strength
        self.isNumeric = isNumeric
    }

    /// Reads a tag such as `und`, `de-u-co-phonebk` or `und-u-ks-level1`; nil when it is not one.
    package init?(_ tag: String) {
        self = .root
        let parts = tag.lowercased().split(separator: "-", omittingEmptySubsequences: false)
        guard let language = parts.first, Self.isLanguage(language),
            parts.allSatisfy({ Self.isSubtag($0) })
        else { return nil }
        var rest = parts.drop { $0 != "u" && $0 != "x" }
        guard rest.popFirst() == "u" else { return }
        while let key = rest.popFirst(), key != "x" {
            if key.utf8.count != 2 { continue }
            let value = rest.prefix { $0.utf8.count > 2 }.joined(separator: "-")
            guard set(key, value) else { return nil }
        }
    }

    /// Sets the key; false when it cannot have this value.
    private mutating func set(_ key: Substring, _ value: String) -> Bool {
        switch (key, value) {
        case ("ks", "level1"): strength = .letters
        case ("ks", "level2"): strength = .accents
        case ("ks", "level3"): strength = .upperAndLower
        case ("ks", "level4"), ("ks", "identic"): strength = .everything
        case ("ks", _): return false
        case ("kn", "true"), ("kn", "yes"), ("kn", ""): isNumeric = true
        case ("kn", "false"), ("kn", "no"): isNumeric = false
        case ("kn", _): return false
        default: break
        }
        return true
    }

    private static func isLanguage(_ text: Substring) -> Bool {
        (2...8).contains(text.utf8.count) && text.utf8.allSatisfy { (0x61...0x7A).contains($0) }
    }

    private static func isSubtag(_ text: Substring) -> Bool {
        (1...8).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
    }
}
