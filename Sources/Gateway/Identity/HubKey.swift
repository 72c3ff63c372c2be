import Broker
package import ContextModel
import Crypto
import Governance
import HubNetwork
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
        id = PublicMemberKey.thumbprint(x: publicX)
        pem = key.pemRepresentation
    }

    /// What its tokens name as issuer, and whom they are for.
    package var issuerName: String { "urn:balai:hub:\(id)" }

    /// What the key signs: each is worth nothing where another is wanted.
    package enum Kind: String, Sendable {
        /// An access token (RFC 9068).
        case access = "at+jwt"
        /// What becomes a session when somebody opens it with a browser.
        case link = "link+jwt"
        case session = "session+jwt"
    }

    /// The hub as the issuer of its own tokens.
    package var issuer: TokenIssuer { issuer(of: .access) }

    func issuer(of kind: Kind) -> TokenIssuer {
        let keys = FixedKeys(VerificationKeys(algorithm, .eddsa, id: id))
        var issuer = TokenIssuer(name: issuerName, audiences: [issuerName], keys: keys)
        issuer.algorithms = [.eddsa]
        issuer.types = [kind.rawValue]
        issuer.namesOperator = kind != .access
        // The same clock issued it.
        issuer.leewaySeconds = 0
        issuer.claims.subject = "subject"
        issuer.roles = Roles.byName
        return issuer
    }

    /// A token that says so much of its bearer, for so long.
    ///
    /// The party must be a named one, or, of a link or a session, the operator. `id` makes two of them
    /// different that say the same.
    package func token(
        _ kind: Kind = .access,
        for credential: Credential,
        seconds: Int,
        at now: Timestamp,
        id: String? = nil
    ) throws -> String {
        let party: String
        switch credential.party {
        case .named(let id): party = id.text
        case .operator where kind != .access: party = Party.operator.text
        case .anonymous, .operator, .service: preconditionFailure("tokens are for named parties")
        }
        let start = Int(now.microseconds / 1_000_000)
        var claims: JSONObject = [
            "iss": .string(issuerName), "aud": .string(issuerName), "sub": .string(party),
            "iat": .number(JSONNumber(start)), "exp": .number(JSONNumber(start + seconds)),
        ]
        let roles = credential.standing.roleNames
        if !roles.isEmpty { claims["roles"] = .array(roles.map { .string($0) }) }
        claims["subject"] = credential.subject.map { .string($0.uri) }
        claims["purpose"] = credential.purpose.map { .string($0.text) }
        claims["jti"] = id.map { .string($0) }
        return try sign(header(kind), claims)
    }

    func header(_ kind: Kind = .access) -> JSONObject {
        [
            "alg": .string(TokenAlgorithm.eddsa.rawValue), "kid": .string(id),
            "typ": .string(kind.rawValue),
        ]
    }

    func sign(_ header: JSONObject, _ claims: JSONObject) throws -> String {
        let signed = [header, claims]
            .map { Base64URL.text(of: JSONValue.object($0).serialized) }.joined(separator: ".")
        let signature = try algorithm.sign(Array(signed.utf8))
        return signed + "." + Base64URL.text(of: signature)
    }
}
