import ContextModel
import Crypto

/// Texts that are signed in the compact serialization of JWS (RFC 7515, clause 7.1).
enum CompactSignature {
    /// The JSON in one of the parts; nil if there is none.
    static func json(_ part: String) -> JSONValue? {
        guard let bytes = Base64URL.bytes(of: part) else { return nil }
        return try? JSONReader.read(bytes)
    }

    /// Whether the last part of the text is a signature by the key of the parts before it.
    static func isValid(_ text: String, by key: PublicMemberKey) -> Bool {
        guard let end = text.lastIndex(of: "."),
            let signature = Base64URL.bytes(of: String(text[text.index(after: end)...])),
            let key = key.key
        else { return false }
        return key.isValidSignature(signature, for: Array(text[..<end].utf8))
    }
}
