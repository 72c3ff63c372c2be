package import ContextModel

/// A witness that a hub asks to sign the checkpoints of its record.
package struct AskedWitness: Sendable, Hashable {
    /// The key that checks its signatures; its name is the witness's.
    package let key: NoteKey
    /// Where it is asked: a URL, to which `/add-checkpoint` is added.
    package let url: String
    /// Whether it is a hub of the network, which nobody has chosen as a witness: what it says against the record counts
    /// where it shows a checkpoint that the record has signed.
    package let isMember: Bool

    /// Nil where the key is none of a witness.
    package init?(key: NoteKey, url: String, isMember: Bool = false) {
        guard key.purpose == .cosignature else { return nil }
        self.key = key
        self.url = url
        self.isMember = isMember
    }
}

/// What a witness replied (C2SP tlog-witness, `add-checkpoint`).
package enum WitnessReply: Sendable, Hashable {
    /// 200, with these lines.
    case signed([NoteSignature])
    /// 409: the last checkpoint that it signed has this size.
    case conflict(Int)
    /// 422: the record does not go on from what it signed.
    case notConsistent
    /// Anything else, in words for the log.
    case refused(String)
}

/// Carries questions to witnesses.
package protocol WitnessClient: Sendable {
    /// Throws when the witness cannot be reached, or does not reply in time: a round waits for it.
    func ask(_ question: AddCheckpoint, of witness: AskedWitness) async throws -> WitnessReply
    /// The newest checkpoint of the record that a hub of the network shows that it has seen; throws when it shows none.
    func newest(of record: NoteKey, seenBy witness: AskedWitness) async throws -> SignedCheckpoint
}

/// How it stands with a witness since the hub was started.
package struct WitnessStatus: Sendable, Hashable {
    package let key: NoteKey
    /// The newest checkpoint that it signed: how many entries that has.
    package fileprivate(set) var size: Int?
    /// When it signed, as it says itself.
    package fileprivate(set) var signedAt: Timestamp?
    /// Why it did not sign when it was asked last; nil when it did, or was not asked yet.
    package fileprivate(set) var failure: String?
    /// How often it did not sign.
    package fileprivate(set) var failures = 0
    private var isAsked = false
    /// When it last did not sign, and until when it is not asked again.
    private var failedAt: Timestamp?
    private var pausedUntil: Timestamp?
    private var failuresInRow = 0

    init(_ witness: AskedWitness, under newest: SignedCheckpoint?) {
        key = witness.key
        // What it has signed before the start.
        guard let time = try? newest?.time(witnessedBy: witness.key) else { return }
        size = newest?.checkpoint.size
        signedAt = time
    }

    /// The first pause of one that does not sign, and the longest.
    static let firstPauseMicroseconds: Int64 = 10_000_000
    static let longestPauseMicroseconds: Int64 = 320_000_000

    /// Whether it is to be asked for a checkpoint of so many entries; a clock that went back ends a pause.
    ///
    /// It is asked once after the start whatever it signed: it may know of more than there is now.
    func isDue(for size: Int, at now: Timestamp) -> Bool {
        guard isAsked else { return true }
        guard self.size != size else { return false }
        guard let failedAt, let pausedUntil else { return true }
        return now >= pausedUntil || now < failedAt
    }

    mutating func noteSigned(_ size: Int, at time: Timestamp?) {
        isAsked = true
        (self.size, signedAt) = (size, time)
        (failure, failedAt, pausedUntil, failuresInRow) = (nil, nil, nil, 0)
    }

    mutating func noteFailure(_ reason: String, at now: Timestamp) {
        isAsked = true
        failure = reason
        failures += 1
        let pause = min(
            Self.firstPauseMicroseconds << Int64(min(failuresInRow, 8)),
            Self.longestPauseMicroseconds
        )
        failuresInRow += 1
        failedAt = now
        pausedUntil = Timestamp(microseconds: now.microseconds + pause)
    }
}
