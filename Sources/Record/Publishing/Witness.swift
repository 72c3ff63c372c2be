package import ContextModel

/// A question to a witness, to sign a checkpoint that goes on from the last one it signed (C2SP
/// tlog-witness, `add-checkpoint`).
package struct AddCheckpoint: Sendable, Hashable {
    /// The size of the last checkpoint that the witness signed; 0 when there is none.
    package var old: Int
    /// The consistency proof from there.
    package var proof: [TreeHash]
    package var checkpoint: SignedCheckpoint

    package init(old: Int, proof: [TreeHash], checkpoint: SignedCheckpoint) {
        self.old = old
        self.proof = proof
        self.checkpoint = checkpoint
    }

    /// Bytes of the longest body.
    package static let maximumBytes = SignedNote.maximumBytes + 8_192

    /// The body of the request.
    package var text: String {
        "old \(old)\n\(proof.map { "\($0)\n" }.joined())\n\(checkpoint.text)"
    }

    /// Reads the body of a request.
    package init(_ text: String) throws(ProofError) {
        guard let end = text.firstRange(of: "\n\n") else {
            throw ProofError(.malformed, "There is no checkpoint under an empty line.")
        }
        let lines = text[..<end.lowerBound].split(separator: "\n", omittingEmptySubsequences: false)
        guard let first = lines.first, first.hasPrefix("old "),
            let old = DecimalNumber.read(first.dropFirst(4)),
            lines.count <= 1 + TransparencyProof.maximumPath
        else { throw ProofError(.malformed, "The first line does not give the old size.") }
        let proof = lines.dropFirst().compactMap { TreeHash(base64: $0) }
        guard proof.count == lines.count - 1 else {
            throw ProofError(.malformed, "A line of the proof is no hash.")
        }
        self.old = old
        self.proof = proof
        checkpoint = try SignedCheckpoint(String(text[end.upperBound...]))
    }
}

/// Signs checkpoints of records that only grow, and no other (C2SP tlog-witness).
///
/// It keeps nothing: whoever calls keeps the checkpoint that was signed, before answering, and in one
/// step with looking up the one before.
package struct Witness: Sendable {
    private let signer: NoteSigner
    private var records: [NoteKey]

    /// Watches the records whose keys these are.
    package init(signer: NoteSigner, records: [NoteKey]) {
        self.signer = signer
        self.records = records.filter { $0.purpose == .note }
    }

    /// The key by which it signs.
    package var key: NoteKey { signer.key }

    /// Watches these records, too.
    mutating func watch(_ records: [NoteKey]) {
        self.records += records.filter { $0.purpose == .note && !self.records.contains($0) }
    }

    /// Whether the witness watches the record of this name.
    package func watches(_ origin: String) -> Bool { records.contains { $0.name == origin } }

    /// The key that has signed the checkpoint, of the record that it names; nil where the witness watches none such.
    package func signer(of checkpoint: SignedCheckpoint) -> NoteKey? {
        records.first {
            $0.name == checkpoint.checkpoint.origin && (try? checkpoint.verify(by: $0)) != nil
        }
    }

    /// What a witness answers.
    package enum Answer: Sendable, Hashable {
        /// 200, with this line; the checkpoint is to be kept first.
        case signed(NoteSignature)
        /// 400: the old size is larger than the new one.
        case wrongOrder
        /// 403: the record's key has not signed it.
        case notSigned
        /// 404: the record is not watched.
        case unknownRecord
        /// 409, with the size of the last checkpoint that was signed: the question begins elsewhere, or is
        /// about another record of that size.
        case conflict(Int)
        /// 422: the record does not go on from that checkpoint.
        case notConsistent
    }

    /// Decides a question; `latest` is the last checkpoint of this record that the witness signed.
    ///
    /// Throws when the system cannot sign.
    package func answer(
        _ question: AddCheckpoint,
        latest: Checkpoint?,
        at now: Timestamp
    ) throws -> Answer {
        let new = question.checkpoint.checkpoint
        guard watches(new.origin) else { return .unknownRecord }
        guard signer(of: question.checkpoint) != nil else { return .notSigned }
        guard question.old <= new.size else { return .wrongOrder }
        let old = latest?.size ?? 0
        guard question.old == old else { return .conflict(old) }
        // Every tree begins with the empty one, of which there is one.
        let known = latest?.root ?? .empty
        if new.size == old, new.root != known { return .conflict(old) }
        let isConsistent =
            if let latest, latest.size > 0 {
                TreeProofs.isConsistent(
                    old: (latest.size, latest.root),
                    new: (new.size, new.root),
                    proof: question.proof
                )
            } else {
                question.proof.isEmpty
            }
        guard isConsistent else { return .notConsistent }
        let text = question.checkpoint.note.text
        return .signed(try Cosignature.make(text, at: now, by: signer))
    }
}
