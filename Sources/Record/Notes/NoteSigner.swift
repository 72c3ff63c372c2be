internal import ContextModel
internal import Crypto

/// A private key that signs notes: a record's or a witness's (C2SP signed-note).
package struct NoteSigner: Sendable {
    package let key: NoteKey
    private let secret: Curve25519.Signing.PrivateKey

    /// Makes a new key from the system's chance; nil when the name is none for a key.
    package init?(name: String, purpose: NoteKey.Purpose) {
        self.init(name: name, purpose: purpose, secret: Curve25519.Signing.PrivateKey())
    }

    /// The key with these 32 secret bytes; nil when there are not so many, or the name is none.
    package init?(name: String, purpose: NoteKey.Purpose, secretBytes: [UInt8]) {
        guard
            let secret = try? Curve25519.Signing.PrivateKey(rawRepresentation: secretBytes)
        else { return nil }
        self.init(name: name, purpose: purpose, secret: secret)
    }

    private init?(
        name: String,
        purpose: NoteKey.Purpose,
        secret: Curve25519.Signing.PrivateKey
    ) {
        let bytes = Array(secret.publicKey.rawRepresentation)
        guard let key = NoteKey(name: name, purpose: purpose, publicKey: bytes) else { return nil }
        self.key = key
        self.secret = secret
    }

    /// Throws when the system cannot sign.
    package func signature(of text: String) throws -> NoteSignature {
        NoteSignature(name: key.name, id: key.id, bytes: try signature(of: Array(text.utf8)))
    }

    func signature(of message: [UInt8]) throws -> [UInt8] {
        Array(try secret.signature(for: message))
    }
}

// MARK: - Text

/// The form is that of Go's `golang.org/x/mod/sumdb/note`, which other tools of logs read, too.
extension NoteSigner {
    private static let mark = "PRIVATE+KEY+"

    /// The key with its secret, in one line for a file that its owner alone can read.
    package var secretText: String {
        let parts = key.description.split(separator: "+", maxSplits: 2)
        let secret = [key.purpose.rawValue] + Array(secret.rawRepresentation)
        return "\(Self.mark)\(parts[0])+\(parts[1])+\(Base64.text(of: secret))"
    }

    /// Reads what `secretText` writes.
    package init(secretText text: String) throws(ProofError) {
        let parts = text.dropFirst(Self.mark.count)
            .split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard text.hasPrefix(Self.mark), parts.count == 3,
            let bytes = Base64.bytes(of: parts[2]), let first = bytes.first,
            let purpose = NoteKey.Purpose(rawValue: first),
            let signer = NoteSigner(
                name: String(parts[0]),
                purpose: purpose,
                secretBytes: Array(bytes.dropFirst())
            ), signer.secretText == text
        else { throw ProofError(.malformed, "This is no private key of a record or a witness.") }
        self = signer
    }
}
