internal import ContextModel

/// A signature under a note: whose, and its bytes (C2SP signed-note).
package struct NoteSignature: Sendable, Hashable {
    /// The name of the key.
    package var name: String
    /// The number of the key.
    package var id: UInt32
    package var bytes: [UInt8]

    package init(name: String, id: UInt32, bytes: [UInt8]) {
        self.name = name
        self.id = id
        self.bytes = bytes
    }

    func isBy(_ key: NoteKey) -> Bool { key.name == name && key.id == id }
}

/// A text with the signatures under it (C2SP signed-note).
package struct SignedNote: Sendable, Hashable {
    /// The text, with the newline at its end.
    package var text: String
    package var signatures: [NoteSignature]

    /// Bytes of the longest note, and signatures of one.
    package static let maximumBytes = 128 << 10
    package static let maximumSignatures = 64

    package init(text: String, signatures: [NoteSignature]) {
        self.text = text
        self.signatures = signatures
    }

    /// Reads a note.
    package init(_ note: String) throws(ProofError) {
        guard note.utf8.count <= Self.maximumBytes else {
            throw ProofError(.malformed, "The note has more than \(Self.maximumBytes) bytes.")
        }
        guard note.utf8.allSatisfy({ $0 >= 0x20 || $0 == Self.newline }) else {
            throw ProofError(.malformed, "The note has a control character.")
        }
        let bytes = Array(note.utf8)
        let ends = bytes.indices.dropFirst().last {
            bytes[$0] == Self.newline && bytes[$0 - 1] == Self.newline
        }
        guard let end = ends, end > 1, bytes.last == Self.newline else {
            throw ProofError(.malformed, "The note has no signatures under an empty line.")
        }
        text = String(decoding: bytes[..<end], as: UTF8.self)
        signatures = try Self.signatures(String(decoding: bytes[(end + 1)...], as: UTF8.self))
        guard !signatures.isEmpty else {
            throw ProofError(.malformed, "The note has no signature.")
        }
    }

    private static let newline = UInt8(ascii: "\n")

    /// Reads lines of signatures, as a witness answers with, too.
    package static func signatures(_ lines: String) throws(ProofError) -> [NoteSignature] {
        var signatures: [NoteSignature] = []
        for line in lines.utf8.split(separator: newline) {
            signatures.append(try NoteSignature(line: String(line) ?? ""))
        }
        guard signatures.count <= maximumSignatures else {
            throw ProofError(.malformed, "A note has more than \(maximumSignatures) signatures.")
        }
        return signatures
    }

    /// The note as it is sent and kept.
    package var description: String { "\(text)\n" + signatures.map(\.line).joined() }
}

extension NoteSignature {
    private static let dash = "\u{2014}"

    /// The line under a note, with the newline at its end.
    package var line: String {
        let number = (0..<4).map { UInt8(truncatingIfNeeded: id >> (24 - 8 * $0)) }
        return "\(Self.dash) \(name) \(Base64.text(of: number + bytes))\n"
    }

    fileprivate init(line: String) throws(ProofError) {
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == Self.dash, NoteKey.isName(String(parts[1])),
            let bytes = Base64.bytes(of: parts[2]), bytes.count > 4
        else { throw ProofError(.malformed, "A line under a note is no signature.") }
        name = String(parts[1])
        id = bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
        self.bytes = Array(bytes.dropFirst(4))
    }
}
