import Broker
import ContextModel

/// A JSON Web Token as it came (RFC 7519): read strictly, and nothing of it verified yet.
struct UnverifiedToken: Sendable {
    let algorithm: TokenAlgorithm
    /// Which of its issuer's keys it says that it is signed with (`kid`).
    let keyID: String?
    /// What kind of token it says that it is (`typ`), in small letters and without `application/`.
    let type: String?
    let claims: JSONObject
    /// What the signature is of.
    let signed: [UInt8]
    let signature: [UInt8]

    /// Throws `unauthenticated` for what is no signed token of three parts, is too long, has a member
    /// twice, has no signature, holds another token, or asks for what the hub does not understand.
    init(_ text: String) throws(BrokerError) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw .refusedToken("The token is longer than \(Self.maximumBytes) bytes.")
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count != 5 else { throw .refusedToken("The hub reads no encrypted tokens.") }
        guard parts.count == 3 else { throw .refusedToken("The hub knows no such token.") }
        let header = try Self.object(parts[0], "header")
        guard let algorithm = header["alg"]?.stringValue.flatMap(TokenAlgorithm.init) else {
            throw .refusedToken("The token's algorithm is none that the hub takes.")
        }
        guard header["crit"] == nil, header["b64"] == nil else {
            throw .refusedToken("The token's header asks for what the hub does not understand.")
        }
        guard header["cty"] == nil else {
            throw .refusedToken("The hub reads no token inside another one.")
        }
        self.algorithm = algorithm
        keyID = try Self.text("kid", of: header)
        let type = try Self.text("typ", of: header)?.lowercased()
        self.type = type.map { $0.hasPrefix("application/") ? String($0.dropFirst(12)) : $0 }
        claims = try Self.object(parts[1], "claims")
        signed = Array(text.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
        guard let signature = Base64URL.bytes(of: String(parts[2])), !signature.isEmpty else {
            throw .refusedToken("The token has no signature.")
        }
        self.signature = signature
    }

    private static func object(
        _ part: Substring,
        _ name: String
    ) throws(BrokerError) -> JSONObject {
        guard let bytes = Base64URL.bytes(of: String(part)) else {
            throw .refusedToken("The token's \(name) cannot be read.")
        }
        do {
            if let object = try JSONReader.read(bytes, limits: limits).objectValue { return object }
        } catch {
            throw .refusedToken("The token's \(name) cannot be read: \(error.message)")
        }
        throw .refusedToken("The token's \(name) is no JSON object.")
    }

    private static func text(
        _ name: String,
        of header: JSONObject
    ) throws(BrokerError) -> String? {
        guard let value = header[name] else { return nil }
        guard let text = value.stringValue else {
            throw .refusedToken("The token's \"\(name)\" is no text.")
        }
        return text
    }

    static let maximumBytes = 8192
    private static let limits = JSONLimits(
        maximumBytes: maximumBytes,
        maximumDepth: 16,
        maximumMembers: 256
    )
}

/// How a token is signed (RFC 7518 section 3.1, RFC 8037): with a key pair, whose public half verifies.
///
/// Neither `none` nor anything with a shared secret is among them, so that no public key can be taken
/// for a secret.
package enum TokenAlgorithm: String, Sendable, Hashable, CaseIterable {
    case eddsa = "EdDSA"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
}

extension BrokerError {
    /// A token that is refused, with a reason for its bearer.
    static func refusedToken(_ reason: String) -> BrokerError {
        BrokerError(.unauthenticated, reason)
    }
}
