internal import ContextModel
internal import Crypto

/// A public key that checks signatures of notes: a record's or a witness's (C2SP signed-note).
package struct NoteKey: Sendable, Hashable {
    /// What the key signs; the raw value is the identifier of the signature type.
    package enum Purpose: UInt8, Sendable, Hashable {
        /// The text of a note as it is: what a record signs its checkpoints with.
        case note = 1
        /// A checkpoint at a time: what a witness signs (C2SP tlog-cosignature).
        case cosignature = 4
    }
    package let name: String
    package let purpose: Purpose
    /// The key itself (RFC 8032), 32 bytes.
    package let publicKey: [UInt8]

    /// Nil when the name is none for a key, or the key has not 32 bytes.
    package init?(name: String, purpose: Purpose, publicKey: [UInt8]) {
        guard Self.isName(name), publicKey.count == Self.keyBytes else { return nil }
        self.name = name
        self.purpose = purpose
        self.publicKey = publicKey
    }

    static let keyBytes = 32

    /// The first four bytes of a hash of all of the key.
    package var id: UInt32 {
        var sha = SHA256()
        sha.update(data: Array("\(name)\n".utf8) + [purpose.rawValue] + publicKey)
        return sha.finalize().prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Whether a key may have the name: not empty, without spaces and plus signs.
    package static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && name.unicodeScalars.allSatisfy {
                !$0.properties.isWhitespace && $0 != "+" && $0.value >= 0x20
            }
    }

    func isValid(_ signature: some Collection<UInt8>, for message: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else {
            return false
        }
        return key.isValidSignature(Array(signature), for: message)
    }
}

// MARK: - Text

extension NoteKey: CustomStringConvertible {
    /// The key in one line: name, identifier and key, with plus signs between them.
    package var description: String {
        "\(name)+\(Self.digits(id))+\(Base64.text(of: [purpose.rawValue] + publicKey))"
    }

    /// Reads what `description` writes.
    package init(_ text: String) throws(ProofError) {
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64.bytes(of: parts[2]), let first = bytes.first
        else { throw ProofError(.malformed, "A key is written NAME+ID+KEY, and this is not.") }
        guard let purpose = Purpose(rawValue: first) else {
            throw ProofError(.malformed, "The key \(parts[0]) is of a kind that is not known here.")
        }
        guard
            let key = NoteKey(
                name: String(parts[0]),
                purpose: purpose,
                publicKey: Array(bytes.dropFirst())
            ), Self.digits(key.id) == parts[1]
        else { throw ProofError(.malformed, "The key \(parts[0]) does not have its own number.") }
        self = key
    }

    /// Reads a file of keys: one in each line, besides empty ones and those that begin with `#`.
    package static func keys(inFile text: String) throws(ProofError) -> [NoteKey] {
        var keys: [NoteKey] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.drop(while: \.isWhitespace)
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            let end = line.lastIndex { !$0.isWhitespace } ?? line.startIndex
            keys.append(try NoteKey(String(line[...end])))
        }
        return keys
    }

    private static func digits(_ id: UInt32) -> String {
        let digits = String(id, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
