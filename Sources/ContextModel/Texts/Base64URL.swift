/// Bytes in the 64 letters that stand in a URL unescaped, without padding (RFC 4648, section 5).
package enum Base64URL {
    package static func text(of bytes: some Sequence<UInt8>) -> String {
        Base64.text(of: Array(bytes)).replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }

    /// A name and a password as the scheme `Basic` has them (RFC 7617, section 2).
    package static func basic(_ pair: String) -> String { Base64.text(of: pair.utf8) }

    /// nil for padding, blanks and other letters, and for a spelling that `text` would not write: a token
    /// has one spelling.
    package static func bytes(of text: String) -> [UInt8]? {
        guard !text.utf8.contains(where: "+/=".utf8.contains) else { return nil }
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        return Base64.bytes(
            of: text.replacing("-", with: "+").replacing("_", with: "/") + padding
        )
    }
}
