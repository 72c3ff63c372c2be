import ContextModel
import Crypto

/// A description with the signature of its hub: a JSON Web Signature in its compact serialization (RFC 7515), by
/// Ed25519 (RFC 8037).
package struct SignedDescription: Sendable, Hashable {
    /// As it is passed on.
    package let text: String
    package let description: MemberDescription
    /// The thumbprint of the key that signed.
    package let keyID: String

    private static let type = "balai-member+jwt"

    /// Signs the description.
    ///
    /// Throws where the system cannot sign.
    package init(_ description: MemberDescription, with key: MemberKey) throws {
        let header: JSONObject = [
            "alg": "EdDSA", "kid": .string(key.id), "typ": .string(Self.type),
        ]
        let signed = [header, description.json]
            .map { Base64URL.text(of: JSONValue.object($0).serialized) }.joined(separator: ".")
        let signature = try key.secret.signature(for: Array(signed.utf8))
        text = signed + "." + Base64URL.text(of: Array(signature))
        self.description = description
        keyID = key.id
    }

    /// Reads what another hub has signed, without checking by which key: `isSigned(by:)` does.
    package init(_ text: String) throws(MemberError) {
        guard text.utf8.count <= 2 * MemberDescription.maximumBytes else {
            throw MemberError(.malformed, "The description is too long.")
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let header = CompactSignature.json(parts[0])?.objectValue,
            let body = CompactSignature.json(parts[1]), Base64URL.bytes(of: parts[2]) != nil
        else { throw MemberError(.malformed, "It is no signed description of a hub.") }
        guard header.count == 3, header["alg"]?.stringValue == "EdDSA",
            header["typ"]?.stringValue == Self.type, let keyID = header["kid"]?.stringValue
        else { throw MemberError(.malformed, "It is signed in a way that is not understood.") }
        self.text = text
        self.keyID = keyID
        description = try MemberDescription(body)
    }

    /// Whether the key has made the signature.
    func isSigned(by key: PublicMemberKey) -> Bool {
        key.id == keyID && CompactSignature.isValid(text, by: key)
    }
}
