import ContextModel
package import Crypto
import CryptoExtras

/// A key by which a hub signs what it says in the network, with its secret half.
package struct MemberKey: Sendable {
    package let secret: Curve25519.Signing.PrivateKey
    /// The thumbprint of its public half (RFC 7638).
    package let id: String

    package init(_ secret: Curve25519.Signing.PrivateKey = Curve25519.Signing.PrivateKey()) {
        self.secret = secret
        id = PublicMemberKey(secret.publicKey).id
    }

    package var publicKey: PublicMemberKey { PublicMemberKey(secret.publicKey) }

    /// As it is kept (PEM, PKCS #8).
    package var pem: String { secret.pemRepresentation }

    /// Throws for what is no Ed25519 key in PEM.
    package init(pem: String) throws {
        self.init(try Curve25519.Signing.PrivateKey(pemRepresentation: pem))
    }
}

/// The public half of a key of a member.
package struct PublicMemberKey: Sendable, Hashable {
    /// Its 32 bytes as key sets have them (RFC 8037).
    package let x: String

    package init(_ key: Curve25519.Signing.PublicKey) {
        x = Base64URL.text(of: key.rawRepresentation)
    }

    /// Nil for what is no key.
    package init?(x: String) {
        guard let bytes = Base64URL.bytes(of: x), bytes.count == 32 else { return nil }
        self.x = x
    }

    /// The thumbprint (RFC 7638).
    package var id: String { Self.thumbprint(x: x) }

    /// The thumbprint of an Ed25519 key whose 32 bytes are written so (RFC 7638, RFC 8037).
    package static func thumbprint(x: String) -> String {
        let members = "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"\(x)\"}"
        return Base64URL.text(of: SHA256.hash(data: Array(members.utf8)))
    }

    /// Nil where the bytes are no point that signatures are checked by.
    package var key: Curve25519.Signing.PublicKey? {
        Base64URL.bytes(of: x)
            .flatMap { try? Curve25519.Signing.PublicKey(rawRepresentation: $0) }
    }
}
