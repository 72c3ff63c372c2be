package import ContextModel

/// The keys of another hub's record, by which it is followed.
package struct FollowedKeys: Sendable, Hashable {
    /// By which the record signs its checkpoints.
    package let record: NoteKey
    /// By which the hub stamps its newest checkpoint; nil where it promises no stamps.
    ///
    /// A stamp is the signature of a witness, of itself: it says at which moment that was the newest (C2SP
    /// tlog-cosignature).
    package let stamp: NoteKey?

    /// Nil where a key is made for something else.
    package init?(record: NoteKey, stamp: NoteKey? = nil) {
        guard record.purpose == .note, stamp?.purpose ?? .cosignature == .cosignature else {
            return nil
        }
        self.record = record
        self.stamp = stamp
    }
}

/// How stamps are made and looked at.
package enum RecordStamp {
    /// Seconds after which a hub stamps the same checkpoint again.
    package static let seconds: Int64 = 10
    /// Seconds without a newer stamp after which a record has a gap.
    package static let gapSeconds: Int64 = 40
    /// Seconds that a stamp may be ahead of the clock of who reads it, and behind it.
    static let aheadSeconds: Int64 = 5
    static let behindSeconds: Int64 = 60
}

/// What was found out about another hub's record that its hub cannot explain away: it has signed two checkpoints that are not of one record.
package struct RecordFinding: Sendable, Hashable {
    /// What the two checkpoints show.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The record has two histories: two checkpoints of which neither goes on from the other.
        case fork
        /// The hub has stamped a shorter record after a longer one.
        case rollback
    }
    package let kind: Kind
    /// The checkpoint that was known, and the one that does not go with it.
    package let evidence: [SignedCheckpoint]
    package let noticed: Timestamp

    package init(_ kind: Kind, _ evidence: [SignedCheckpoint], noticed: Timestamp) {
        self.kind = kind
        self.evidence = evidence
        self.noticed = noticed
    }
}
