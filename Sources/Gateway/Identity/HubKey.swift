package import ContextModel
import Crypto
import Governance
import JWTKit

/// The key that a hub signs tokens with, made once; whoever has it can be anybody to this hub.
package struct HubKey: Sendable {
    /// As it is kept (PEM, PKCS #8).
    package let pem: String
    /// The thumbprint of the public half (RFC 7638): another key is another issuer.
    package let id: String
    /// The public half, as key sets have it.
    let publicX: String
    private let algorithm: any JWTAlgorithm

    /// Makes a new one.
    package static func make() async throws(KeySetError) -> HubKey {
        try await HubKey(EdDSA.PrivateKey(backing: Curve25519.Signing.PrivateKey()))
    }

    /// Throws `KeySetError` for what is no Ed25519 key.
    package init(pem: String) async throws(KeySetError) {
        let key: EdDSA.PrivateKey
        do { key = try EdDSA.PrivateKey(pem: pem) } catch {
            throw KeySetError(description: "it holds no Ed25519 key in PEM.")
        }
        try await self.init(key)
    }

    private init(_ key: EdDSA.PrivateKey) async throws(KeySetError) {
        let collection = await JWTKeyCollection().add(eddsa: key)
        do { algorithm = try await collection.getKey() } catch {
            throw KeySetError(description: "\(error)")
        }
        publicX = Base64URL.text(of: key.publicKey.rawRepresentation)
        let members = "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"\(publicX)\"}"
        id = Base64URL.text(of: SHA256.hash(data: Array(members.utf8)))
        pem = key.pemRepresentation
    }

    /// What its tokens name as issuer, and whom they are for.
    package var issuerName: String { "urn:balai:hub:\(id)" }

    /// The hub as the issuer of its own tokens.
    package var issuer: TokenIssuer {
        let keys = FixedKeys(VerificationKeys(algorithm, .eddsa, id: id))
        var issuer = TokenIssuer(name: issuerName, audiences: [issuerName], keys: keys)
        issuer.algorithms = [.eddsa]
        issuer.types = [Self.type]
        // The same clock issued it.
        issuer.leewaySeconds = 0
        issuer.claims.subject = "subject"
        issuer.roles = Roles.byName
        return issuer
    }

    /// A token that says so much of its bearer, for so long; the party must be a named one.
    package func token(for credential: Credential, seconds: Int, at now: Timestamp) throws -> String
    {
        guard case .named(let party) = credential.party else {
            preconditionFailure("tokens are for named parties")
        }
        let start = Int(now.microseconds / 1_000_000)
        var claims: JSONObject = [
            "iss": .string(issuerName), "aud": .string(issuerName), "sub": .string(party.text),
            "iat": .number(JSONNumber(start)), "exp": .number(JSONNumber(start + seconds)),
        ]
        if !credential.roles.isEmpty {
            claims["roles"] = .array(credential.roles.names.map { .string($0) })
        }
        claims["subject"] = credential.subject.map { .string($0.uri) }
        claims["purpose"] = credential.purpose.map { .string($0.text) }
        return try sign(header, claims)
    }

    var header: JSONObject {
        [
            "alg": .string(TokenAlgorithm.eddsa.rawValue), "kid": .string(id),
            "typ": .string(Self.type),
        ]
    }

    func sign(_ header: JSONObject, _ claims: JSONObject) throws -> String {
        let signed = [header, claims]
            .map { Base64URL.text(of: JSONValue.object($0).serialized) }.joined(separator: ".")
        let signature = try algorithm.sign(Array(signed.utf8))
        return signed + "." + Base64URL.text(of: signature)
    }

    /// An access token (RFC 9068), and nothing else that the key may sign one day.
    private static let type = "at+jwt"
}
