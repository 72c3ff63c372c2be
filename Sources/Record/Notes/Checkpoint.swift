package import ContextModel

/// What a record says of its tree at one size (C2SP tlog-checkpoint).
package struct Checkpoint: Sendable, Hashable {
    /// The name of the record.
    package var origin: String
    /// Entries of the record.
    package var size: Int
    package var root: TreeHash
    /// Further lines, which balai does not write.
    package var extensions: [String]

    package init(origin: String, size: Int, root: TreeHash, extensions: [String] = []) {
        self.origin = origin
        self.size = size
        self.root = root
        self.extensions = extensions
    }

    /// The text that is signed.
    package var text: String {
        ([origin, String(size), root.description] + extensions).map { "\($0)\n" }.joined()
    }

    /// Reads the text of a note.
    package init(text: String) throws(ProofError) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 4, lines.last == "", lines.dropLast().allSatisfy({ !$0.isEmpty }),
            let size = DecimalNumber.read(lines[1]), let root = TreeHash(base64: lines[2])
        else { throw ProofError(.malformed, "The signed text is no checkpoint.") }
        guard size > 0 || root == .empty else {
            throw ProofError(.malformed, "The checkpoint gives the empty record a wrong hash.")
        }
        self.init(
            origin: String(lines[0]),
            size: size,
            root: root,
            extensions: lines[3..<lines.count - 1].map(String.init)
        )
    }
}

/// A checkpoint with the signatures under it, of which nobody has looked at any yet.
package struct SignedCheckpoint: Sendable, Hashable {
    package let checkpoint: Checkpoint
    package private(set) var note: SignedNote

    /// Signs the checkpoint with the record's key.
    package init(_ checkpoint: Checkpoint, by signer: NoteSigner) throws {
        self.checkpoint = checkpoint
        note = SignedNote(
            text: checkpoint.text,
            signatures: [try signer.signature(of: checkpoint.text)]
        )
    }

    /// Reads a checkpoint.
    package init(_ text: String) throws(ProofError) {
        note = try SignedNote(text)
        checkpoint = try Checkpoint(text: note.text)
    }

    /// The checkpoint as it is sent and kept.
    package var text: String { note.description }

    /// Throws unless the key has signed the checkpoint and it names the key's record.
    package func verify(by key: NoteKey) throws(ProofError) {
        guard key.purpose == .note, checkpoint.origin == key.name else {
            throw ProofError(
                .unknownRecord,
                "The checkpoint is of \(checkpoint.origin), not of \(key.name)."
            )
        }
        let signatures = note.signatures.filter { $0.isBy(key) }
        guard !signatures.isEmpty else {
            throw ProofError(.unknownRecord, "The key of \(key.name) has not signed this.")
        }
        let message = Array(note.text.utf8)
        guard signatures.allSatisfy({ key.isValid($0.bytes, for: message) }) else {
            throw ProofError(.wrongSignature, "The signature of \(key.name) is wrong.")
        }
    }
}

// MARK: - Witnesses

extension SignedCheckpoint {
    /// When the witness says that it saw the checkpoint; nil when it has not signed it.
    ///
    /// Throws when there is a signature by its key and it is wrong.
    package func time(witnessedBy key: NoteKey) throws(ProofError) -> Timestamp? {
        var latest: Timestamp?
        for signature in note.signatures where signature.isBy(key) {
            let time = try Cosignature.time(signature, by: key, under: note.text)
            latest = max(latest ?? time, time)
        }
        return latest
    }

    /// The same with the signatures of these keys alone, whether they are right or not.
    package func signed(byNoneBut keys: [NoteKey]) -> SignedCheckpoint {
        var kept = self
        kept.note.signatures.removeAll { signature in !keys.contains { signature.isBy($0) } }
        return kept
    }

    /// Adds the newest signature of what the witness answered with; what others than the key have signed is left out.
    ///
    /// Throws when a signature by the key is wrong, when there is none, and when the note has as many as one may.
    package mutating func add(
        _ signatures: [NoteSignature],
        by witness: NoteKey
    ) throws(ProofError) {
        let own = signatures.filter { $0.isBy(witness) }
        guard !own.isEmpty else {
            throw ProofError(.tooFewWitnesses, "\(witness.name) has not signed the checkpoint.")
        }
        var newest: (signature: NoteSignature, time: Timestamp)?
        for signature in own {
            let time = try Cosignature.time(signature, by: witness, under: note.text)
            if time > newest?.time ?? Timestamp(microseconds: .min) { newest = (signature, time) }
        }
        note.signatures.removeAll { $0.isBy(witness) }
        guard note.signatures.count < SignedNote.maximumSignatures else {
            throw ProofError(.malformed, "The checkpoint has as many signatures as one may.")
        }
        if let newest { note.signatures.append(newest.signature) }
    }
}

/// Signatures of witnesses: they say when the witness saw that the record had only grown (C2SP
/// tlog-cosignature, the Ed25519 form).
package enum Cosignature {
    private static let timeBytes = 8

    /// Signs the text of a checkpoint as of now.
    ///
    /// Whoever calls has checked that the checkpoint goes on from the last one that the witness
    /// signed: `Witness` does. Throws when the system cannot sign.
    static func make(
        _ text: String,
        at now: Timestamp,
        by signer: NoteSigner
    ) throws
        -> NoteSignature
    {
        let seconds = UInt64(max(now.microseconds / 1_000_000, 0))
        let signature = try signer.signature(of: message(text, seconds))
        let time = (0..<timeBytes).map { UInt8(truncatingIfNeeded: seconds >> (56 - 8 * $0)) }
        return NoteSignature(name: signer.key.name, id: signer.key.id, bytes: time + signature)
    }

    /// The time in a signature; throws when the key did not make it.
    static func time(
        _ signature: NoteSignature,
        by key: NoteKey,
        under text: String
    )
        throws(ProofError) -> Timestamp
    {
        let seconds = signature.bytes.prefix(timeBytes).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard key.purpose == .cosignature, signature.bytes.count > timeBytes,
            seconds <= UInt64(Int64.max / 1_000_000),
            key.isValid(signature.bytes.dropFirst(timeBytes), for: message(text, seconds))
        else { throw ProofError(.wrongSignature, "The signature of \(key.name) is wrong.") }
        return Timestamp(microseconds: Int64(seconds) * 1_000_000)
    }

    private static func message(_ text: String, _ seconds: UInt64) -> [UInt8] {
        Array("cosignature/v1\ntime \(seconds)\n\(text)".utf8)
    }
}
