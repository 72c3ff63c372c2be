import ContextModel
package import Crypto
import RawStructuredFieldValues

/// HTTP Message Signatures by Ed25519 (RFC 9421): of the standard's components and parameters those that requests
/// between hubs need.
package enum MessageSignature {
    /// The name of the algorithm (RFC 9421, clause 3.3.6).
    package static let algorithm = "ed25519"

    /// The values of `Signature-Input` and `Signature` for a signature with the label.
    ///
    /// Throws `incomplete` where the request has no value for a component.
    package static func sign(
        _ request: SignableRequest,
        _ input: SignatureInput,
        label: String,
        with key: Curve25519.Signing.PrivateKey
    ) throws -> (input: String, signature: String) {
        let parameters = try input.text()
        let base = try base(of: request, input.components, parameters)
        let bytes = try key.signature(for: Array(base.utf8))
        var members = OrderedMap<String, ItemOrInnerList>()
        members[label] = .item(
            Item(
                bareItem: RFC9651BareItem.undecodedByteSequence(Base64.text(of: Array(bytes))),
                parameters: OrderedMap<String, RFC9651BareItem>()
            )
        )
        return ("\(label)=\(parameters)", try SignatureFields.text(of: members))
    }

    /// Throws unless the key has made the signature with the label for this request.
    package static func verify(
        _ request: SignableRequest,
        label: String,
        by key: Curve25519.Signing.PublicKey
    ) throws(SignatureError) {
        let list = try SignatureFields.list(label, in: request.value(of: "signature-input") ?? "")
        let input = try SignatureInput(list)
        guard let signatures = request.value(of: "signature"),
            case .item(let item)? = try SignatureFields.dictionary(signatures)[label],
            case .undecodedByteSequence(let text) = item.rfc9651BareItem,
            let signature = Base64.bytes(of: text)
        else { throw SignatureError(.malformed, "Signature has no bytes named \(label).") }
        // The parameters in the order in which they were sent.
        let parameters = try SignatureFields.text(of: .innerList(list))
        let base = try base(of: request, input.components, parameters)
        guard key.isValidSignature(signature, for: Array(base.utf8)) else {
            throw SignatureError(.wrong, "The signature is not the key's, or of another request.")
        }
    }

    /// What is signed (RFC 9421, clause 2.5).
    static func base(
        of request: SignableRequest,
        _ components: [SignatureComponent],
        _ parameters: String
    ) throws(SignatureError) -> String {
        var base = ""
        for component in components {
            guard let value = component.value(in: request) else {
                throw SignatureError(.incomplete, "The request has no \(component.name).")
            }
            // A line feed in a value could make another line of it.
            guard !value.utf8.contains(where: { $0 == 10 || $0 == 13 }) else {
                throw SignatureError(.malformed, "\(component.name) has several lines.")
            }
            base += "\"\(component.name)\": \(value)\n"
        }
        return base + "\"@signature-params\": \(parameters)"
    }
}

/// Digests of bodies (RFC 9530): SHA-256 alone.
package enum ContentDigest {
    /// The value of `Content-Digest`.
    package static func text(of body: [UInt8]) -> String {
        "sha-256=:\(Base64.text(of: Array(SHA256.hash(data: body)))):"
    }

    /// Throws unless the field names the SHA-256 of the body.
    package static func verify(_ field: String, of body: [UInt8]) throws(SignatureError) {
        guard case .item(let item)? = try SignatureFields.dictionary(field)["sha-256"],
            case .undecodedByteSequence(let text) = item.rfc9651BareItem,
            let bytes = Base64.bytes(of: text)
        else { throw SignatureError(.malformed, "Content-Digest has no sha-256.") }
        guard bytes == Array(SHA256.hash(data: body)) else {
            throw SignatureError(.wrong, "The body is another one than Content-Digest says.")
        }
    }
}
