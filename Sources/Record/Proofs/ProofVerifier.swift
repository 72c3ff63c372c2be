package import ContextModel

/// What a proof was found to show.
package struct VerifiedProof: Sendable, Hashable {
    /// A witness that has signed the checkpoint, and when.
    package struct Witnessed: Sendable, Hashable {
        package var name: String
        package var time: Timestamp
    }
    /// The number of the entry, from 0.
    package let index: Int
    package let entry: RecordEntry
    /// What the entry says of one person, if the proof holds it.
    package let opening: Opening?
    package let checkpoint: Checkpoint
    package let witnesses: [Witnessed]
}

/// Checks proofs with public keys alone: no hub, no network.
package struct ProofVerifier: Sendable {
    private let records: [NoteKey]
    private let witnesses: [NoteKey]
    /// How many of the witnesses must have signed.
    package let quorum: Int

    /// Trusts the records and witnesses whose keys these are.
    ///
    /// Without a quorum all of the witnesses must have signed.
    package init(keys: [NoteKey], quorum: Int? = nil) {
        records = keys.filter { $0.purpose == .note }
        // One witness counts once, however often its key is given.
        witnesses = Array(Set(keys.filter { $0.purpose == .cosignature }))
            .sorted { $0.description < $1.description }
        self.quorum = quorum ?? witnesses.count
    }

    package func verify(_ proof: TransparencyProof) throws(ProofError) -> VerifiedProof {
        let checkpoint = proof.checkpoint.checkpoint
        let witnessed = try verify(proof.checkpoint)
        let isIncluded = TreeProofs.includes(
            .leaf(proof.entry),
            at: proof.index,
            size: checkpoint.size,
            proof: proof.path,
            root: checkpoint.root
        )
        guard isIncluded else {
            throw ProofError(
                .notInTree,
                "The entry is not number \(proof.index) of the \(checkpoint.size) entries of "
                    + "\(checkpoint.origin)."
            )
        }
        let entry = try RecordEntry(proof.entry)
        return VerifiedProof(
            index: proof.index,
            entry: entry,
            opening: try opening(proof, of: entry),
            checkpoint: checkpoint,
            witnesses: witnessed
        )
    }

    /// Checks the signatures of a checkpoint; those by whom it was witnessed.
    package func verify(
        _ signed: SignedCheckpoint
    ) throws(ProofError)
        -> [VerifiedProof.Witnessed]
    {
        let origin = signed.checkpoint.origin
        let keys = records.filter { $0.name == origin }
        guard
            let key = keys.first(where: { key in signed.note.signatures.contains { $0.isBy(key) } })
        else {
            throw ProofError(.unknownRecord, "No given key is of the record \(origin).")
        }
        try signed.verify(by: key)
        var witnessed: [VerifiedProof.Witnessed] = []
        for witness in witnesses {
            guard let time = try signed.time(witnessedBy: witness) else { continue }
            witnessed.append(VerifiedProof.Witnessed(name: witness.name, time: time))
        }
        guard witnessed.count >= quorum else {
            throw ProofError(
                .tooFewWitnesses,
                "\(witnessed.count) of the given witnesses have signed the checkpoint, and "
                    + "\(quorum) must have."
            )
        }
        return witnessed
    }

    private func opening(
        _ proof: TransparencyProof,
        of entry: RecordEntry
    ) throws(ProofError)
        -> Opening?
    {
        guard let disclosure = proof.disclosure else { return nil }
        let commitment = disclosure.salt.commitment(to: disclosure.opening)
        guard let people = entry.people,
            TreeProofs.includes(
                commitment,
                at: disclosure.place,
                size: people.count,
                proof: disclosure.path,
                root: people.root
            )
        else {
            throw ProofError(
                .notInEntry,
                "The entry was not made of what the proof says of a person."
            )
        }
        return try Opening(disclosure.opening)
    }
}

// MARK: - Several proofs

extension ProofVerifier {
    /// How long what was decided before a choice may take to leave the hub: promised of opt-outs.
    static let effectMicroseconds: Int64 = 1_000_000
    /// How much later than its entries a checkpoint may reach a witness.
    static let witnessMicroseconds: Int64 = 60_000_000

    /// Checks proofs of one person against each other, as far as they tell without the record.
    ///
    /// - Checkpoints of one size, and entries of one number, are the same.
    /// - A `read` behind a `choice`, and more than a second after it, has a state that includes the
    ///   choice. What is behind is decided by numbers: times are the hub's own.
    /// - An entry that a witnessed checkpoint did not have yet is not dated long before it was witnessed.
    package func compare(_ proofs: [VerifiedProof]) throws(ProofError) {
        for (place, proof) in proofs.enumerated() {
            for other in proofs[..<place] where other.checkpoint.origin == proof.checkpoint.origin {
                try Self.checkSameRecord(proof, other)
                for (earlier, later) in [(proof, other), (other, proof)] {
                    try Self.checkState(of: later, after: earlier)
                    try Self.checkTime(of: later, against: earlier)
                }
            }
        }
    }

    private static func checkSameRecord(
        _ proof: VerifiedProof,
        _ other: VerifiedProof
    )
        throws(ProofError)
    {
        let (checkpoint, origin) = (proof.checkpoint, proof.checkpoint.origin)
        guard other.checkpoint.size != checkpoint.size || other.checkpoint.root == checkpoint.root
        else {
            throw ProofError(
                .forked,
                "\(origin) has signed two different records of \(checkpoint.size) entries. Keep both "
                    + "proofs: they show that it lied."
            )
        }
        guard other.index != proof.index || other.entry == proof.entry else {
            throw ProofError(.forked, "\(origin) has two different entries \(proof.index).")
        }
    }

    private static func checkState(
        of read: VerifiedProof,
        after choice: VerifiedProof
    )
        throws(ProofError)
    {
        let delay = read.entry.time.microseconds - choice.entry.time.microseconds
        guard read.entry.kind == .read, choice.entry.kind == .choice,
            read.index > choice.index, read.entry.state <= choice.index,
            delay > effectMicroseconds
        else { return }
        throw ProofError(
            .olderState,
            "Entry \(read.index) was decided on the state of \(read.entry.state) entries, which does "
                + "not include the choice in entry \(choice.index)."
        )
    }

    private static func checkTime(
        of entry: VerifiedProof,
        against other: VerifiedProof
    )
        throws(ProofError)
    {
        guard entry.index >= other.checkpoint.size,
            let witnessed = other.witnesses.map(\.time).max(),
            witnessed.microseconds - entry.entry.time.microseconds > witnessMicroseconds
        else { return }
        throw ProofError(
            .backDated,
            "Entry \(entry.index) says \(entry.entry.time), but at \(witnessed) a witness saw the "
                + "record with \(other.checkpoint.size) entries only."
        )
    }
}
