import Foundation

/// Bytes in the 64 letters that stand in a URL unescaped, without padding (RFC 4648 section 5).
package enum Base64URL {
    package static func text(of bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }

    /// A name and a password as the scheme `Basic` has them (RFC 7617 section 2).
    static func basic(_ pair: String) -> String { Data(pair.utf8).base64EncodedString() }

    /// nil for padding, blanks and other letters, and for a spelling that `text` would not write: a token
    /// has one spelling.
    package static func bytes(of text: String) -> [UInt8]? {
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        let plain = text.replacing("-", with: "+").replacing("_", with: "/") + padding
        guard let data = Data(base64Encoded: plain) else { return nil }
        return self.text(of: data) == text ? Array(data) : nil
    }
}
