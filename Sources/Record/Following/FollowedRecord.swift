package import ContextModel

/// What this hub knows about the record of another hub.
///
/// It learns from what that hub has signed alone, so it does not matter who passes that on.
package struct FollowedRecord: Sendable {
    /// Checkpoints that wait at most until it is shown that they belong to one record.
    package static let maximumWaiting = 64

    package let keys: FollowedKeys
    /// The newest checkpoint that goes on from all before it.
    package private(set) var newest: SignedCheckpoint?
    /// The newest stamp of its hub, by that hub's clock.
    package private(set) var stamped: Timestamp?
    package private(set) var finding: RecordFinding?
    /// What is signed, and of which nobody has shown that it belongs to the record of `newest`.
    private(set) var waiting: [SignedCheckpoint] = []
    /// When something began to wait that still does.
    private var waitingSince: Timestamp?
    /// Looks since then.
    private var waitingLooks = 0
    /// When the newest stamp came, by the clock of this hub; when following began, where none did.
    private var heardAt: Timestamp
    /// Looks since then.
    private var looks = 0

    /// When an administrator decided last about the record's hub, and so about what was found before; nil where none did.
    private let settled: Timestamp?

    package init(
        _ keys: FollowedKeys,
        newest: SignedCheckpoint?,
        settled: Timestamp? = nil,
        at now: Timestamp
    ) {
        self.keys = keys
        self.newest = newest
        self.settled = settled
        heardAt = now
    }

    /// Since when the hub has not shown what it promises: a newer stamp, or that what it signed is one record; nil where
    /// it has.
    ///
    /// It takes two looks in vain, as a hub that was stopped itself has heard nobody.
    package func gap(at now: Timestamp) -> Timestamp? {
        guard keys.stamp != nil else { return nil }
        var begins = looks >= 2 ? [heardAt] : []
        if waitingLooks >= 2, let waitingSince { begins.append(waitingSince) }
        guard let since = begins.min() else { return nil }
        let end = since.microseconds + RecordStamp.gapSeconds * 1_000_000
        return now.microseconds > end ? since : nil
    }

    // MARK: - Taking

    /// Takes a checkpoint; throws `ProofError` for one that the record's key has not signed.
    ///
    /// Of a stranger, who may send what the hub signed years ago, no shorter one waits to be compared.
    package mutating func take(
        _ note: SignedCheckpoint,
        ofStranger: Bool = false,
        at now: Timestamp
    ) throws(ProofError) {
        try note.verify(by: keys.record)
        let stamp = stamp(of: note)
        if let stamp { noteStamp(stamp, at: now) }
        guard finding == nil else { return }
        guard let newest, newest.checkpoint.size > 0 else {
            if note.checkpoint.size > 0 || newest == nil { self.newest = note }
            return
        }
        if note.checkpoint.size == newest.checkpoint.size {
            guard note.checkpoint.root == newest.checkpoint.root else {
                return find(.fork, newest, note, at: now)
            }
            // The one with the later stamp says more.
            if let stamp, self.stamp(of: newest).map({ $0 < stamp }) ?? true {
                self.newest = note
            }
        } else if isLater(shorterOf: note, newest) {
            find(.rollback, newest, note, at: now)
        } else if note.checkpoint.size > (ofStranger ? newest.checkpoint.size : 0) {
            wait(for: note, at: now)
        }
    }

    /// Notes that a look is over, whatever came of it.
    package mutating func noteLook() {
        looks += 1
        if !waiting.isEmpty { waitingLooks += 1 }
    }

    /// Takes what its hub has proved to go on from `newest`.
    mutating func advance(to note: SignedCheckpoint) {
        guard finding == nil, note.checkpoint.size >= newest?.checkpoint.size ?? 0 else { return }
        newest = note
        settle { $0.checkpoint == note.checkpoint }
    }

    private mutating func noteStamp(_ stamp: Timestamp, at now: Timestamp) {
        // A clock that is far behind its own is that of a hub whose signatures are not taken either.
        let least = now.microseconds - RecordStamp.behindSeconds * 1_000_000
        let most = now.microseconds + RecordStamp.aheadSeconds * 1_000_000
        guard stamp > stamped ?? Timestamp(microseconds: .min),
            (least...most).contains(stamp.microseconds)
        else { return }
        (stamped, heardAt, looks) = (stamp, now, 0)
    }

    /// The stamp of a checkpoint; nil where it has none.
    ///
    /// A stamp that is wrong counts as none: anybody may have put it there.
    private func stamp(of note: SignedCheckpoint) -> Timestamp? {
        guard let key = keys.stamp else { return nil }
        return (try? note.time(witnessedBy: key)) ?? nil
    }

    /// Whether it counts what another hub has seen: after an administrator has settled a finding, only what was stamped
    /// later.
    func counts(_ note: SignedCheckpoint) -> Bool {
        guard let settled else { return true }
        return stamp(of: note).map { $0 > settled } ?? false
    }

    /// Whether the hub has stamped the shorter of both after the longer one.
    private func isLater(
        shorterOf one: SignedCheckpoint,
        _ other: SignedCheckpoint
    ) -> Bool {
        let isShorter = one.checkpoint.size < other.checkpoint.size
        let (short, long) = isShorter ? (one, other) : (other, one)
        guard let shortStamp = stamp(of: short), let longStamp = stamp(of: long) else {
            return false
        }
        return shortStamp > longStamp
    }

    private mutating func wait(for note: SignedCheckpoint, at now: Timestamp) {
        guard waiting.count < Self.maximumWaiting,
            !waiting.contains(where: { $0.checkpoint == note.checkpoint })
        else { return }
        if waiting.isEmpty { waitingSince = now }
        waiting.append(note)
    }

    private mutating func settle(_ isSettled: (SignedCheckpoint) -> Bool) {
        waiting.removeAll(where: isSettled)
        if waiting.isEmpty { (waitingSince, waitingLooks) = (nil, 0) }
    }

    private mutating func find(
        _ kind: RecordFinding.Kind,
        _ known: SignedCheckpoint,
        _ other: SignedCheckpoint,
        at now: Timestamp
    ) {
        finding = RecordFinding(kind, [known, other], noticed: now)
        settle { _ in true }
    }

    // MARK: - Comparing

    /// Trees that can show whether all that is known is one record, the best one first; none where nothing is to be shown.
    package var candidates: [SignedCheckpoint] {
        guard finding == nil, !waiting.isEmpty, let newest else { return [] }
        return (waiting + [newest]).sorted { $0.checkpoint.size > $1.checkpoint.size }
    }

    /// Compares all that is no longer than the tree with it.
    ///
    /// `roots` are those that the tree had, by their sizes, each proved by what its hub shows.
    package mutating func compare(
        with tree: SignedCheckpoint,
        roots: [Int: TreeHash],
        at now: Timestamp
    ) {
        guard finding == nil, let newest else { return }
        for note in [newest] + waiting {
            guard let root = roots[note.checkpoint.size] else { continue }
            guard root == note.checkpoint.root else { return find(.fork, note, tree, at: now) }
        }
        settle { roots[$0.checkpoint.size] != nil }
        if tree.checkpoint.size > newest.checkpoint.size, roots[newest.checkpoint.size] != nil {
            self.newest = tree
        }
    }
}
