/// The name of a hub in the network: a URI that is made of its first key, so that nobody else can take it.
package struct MemberID: Sendable, Hashable, Comparable {
    package let text: String

    private static let prefix = "urn:balai:hub:"

    /// The name of the hub whose first key has this thumbprint.
    package init(firstKey thumbprint: String) { text = Self.prefix + thumbprint }

    /// Nil for what is no such name.
    package init?(_ text: String) {
        let thumbprint = text.dropFirst(Self.prefix.count)
        // 32 bytes in Base64 without padding.
        guard text.hasPrefix(Self.prefix), thumbprint.utf8.count == 43,
            thumbprint.utf8.allSatisfy(Self.isOfThumbprint)
        else { return nil }
        self.text = text
    }

    /// The thumbprint of its first key.
    package var firstKey: String { String(text.dropFirst(Self.prefix.count)) }

    package static func < (a: MemberID, b: MemberID) -> Bool { a.text < b.text }

    private static func isOfThumbprint(_ byte: UInt8) -> Bool {
        let letter = byte | 0x20
        return letter >= 0x61 && letter <= 0x7A || byte >= 0x30 && byte <= 0x39
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
}
