package import ContextModel
internal import Synchronization

/// Publishes checkpoints of a record, signed by the record's key and by the witnesses that reply in time.
///
/// A checkpoint is signed, then shown to the witnesses, then published. So what anybody gets has the
/// signatures of all witnesses that are at work. One that is not keeps nothing from being published: it is
/// asked again after a pause, which grows up to five minutes.
package final class RecordPublisher: Sendable {
    package let record: RecordWriter
    private let witnesses: [AskedWitness]
    private let members: @Sendable () async -> [AskedWitness]
    private let stamper: NoteSigner?
    private let client: (any WitnessClient)?
    private let clock: @Sendable () -> Timestamp
    private let tell: @Sendable (String) -> Void

    private struct State {
        var published: SignedCheckpoint?
        /// The witnesses that the last round asked, in the order of asking.
        var asked: [NoteKey]
        var statuses: [NoteKey: WitnessStatus]
        /// The newest moment that was stamped: a clock that goes back takes no stamp back.
        var stamped: Timestamp?
        /// The round that was begun last.
        var round: Task<SignedCheckpoint, any Error>?
    }
    private let state: Mutex<State>

    /// Publishes with the record's signature alone.
    package convenience init(_ record: RecordWriter) {
        self.init(
            record,
            witnesses: [],
            client: nil,
            clock: { Timestamp(microseconds: 0) },
            tell: { _ in }
        )
    }

    /// Publishes with what the witnesses sign.
    ///
    /// `members` are further witnesses, which may be others in each round; the stamper stamps what is published, where
    /// others are promised that. `tell` gets a sentence for the log when a witness begins to sign, or ends.
    package init(
        _ record: RecordWriter,
        witnesses: [AskedWitness],
        members: @escaping @Sendable () async -> [AskedWitness] = { [] },
        stamper: NoteSigner? = nil,
        client: (any WitnessClient)?,
        clock: @escaping @Sendable () -> Timestamp,
        tell: @escaping @Sendable (String) -> Void
    ) {
        self.record = record
        self.witnesses = client == nil ? [] : witnesses
        self.members = members
        self.stamper = stamper
        self.client = client
        self.clock = clock
        self.tell = tell
        let newest = record.checkpoint
        let statuses = self.witnesses.map { ($0.key, WitnessStatus($0, under: newest)) }
        state = Mutex(
            State(
                published: newest,
                asked: self.witnesses.map(\.key),
                statuses: Dictionary(statuses) { first, _ in first },
                stamped: stamper.flatMap { try? newest?.time(witnessedBy: $0.key) }
            )
        )
    }

    /// The newest checkpoint that was published, `GET /record/checkpoint`; nil before the first.
    package var checkpoint: SignedCheckpoint? { state.withLock(\.published) }

    /// How it stands with each witness.
    package var witnessStatuses: [WitnessStatus] {
        state.withLock { state in state.asked.compactMap { state.statuses[$0] } }
    }

    /// Publishes a checkpoint of all entries there are, and returns it.
    ///
    /// Throws `RecordError`.
    @discardableResult
    package func publish() async throws -> SignedCheckpoint {
        // One round after the other: a later one has what an earlier one lacked.
        let round = state.withLock { state in
            let before = state.round
            let round = Task {
                _ = await before?.result
                return try await self.publishOnce()
            }
            state.round = round
            return round
        }
        return try await round.value
    }

    /// Publishes after each pause what is new, until the sleep throws.
    ///
    /// What fails is told, and tried again after the next pause. The sleep comes from outside, as all
    /// waiting does; the pause is a second.
    package func keepPublishing(
        sleep: @Sendable (Duration) async throws -> Void,
        failed: @Sendable (any Error) -> Void
    ) async throws {
        while true {
            do {
                try await publish()
            } catch {
                failed(error)
            }
            try await sleep(.seconds(1))
        }
    }

    /// A proof for the published checkpoint, or a new one where that does not have the entry; see
    /// `RecordWriter.proof`.
    package func proof(
        of entry: Int,
        opening: KeptOpening? = nil
    ) async throws -> TransparencyProof {
        var published = checkpoint
        if entry < record.size, entry >= published?.checkpoint.size ?? 0 {
            published = try await publish()
        }
        return try await record.proof(of: entry, opening: opening, for: published)
    }

    // MARK: A round

    private func publishOnce() async throws -> SignedCheckpoint {
        let found: SignedCheckpoint
        do { found = try await record.signCheckpoint() } catch {
            try publishStamped()
            throw error
        }
        let (signed, stamp) = try stamped(found)
        let size = signed.checkpoint.size
        var given = await signatures(for: signed)
        // All at once, so that the disk is waited for once.
        let added = given.map { ($0.witness.key, $0.signatures) } + stamp
        do { try await record.add(added, size: size) } catch {
            for one in given { noteFailure("\(error)", of: one.witness) }
            given = []
            // A stamped checkpoint is published even then: other hubs expect a fresh stamp, and it may be their evidence.
            if !stamp.isEmpty {
                state.withLock { $0.published = signed }
                throw error
            }
        }
        for one in given { noteSigned(size, at: one.time, by: one.witness) }
        let newest = record.checkpoint ?? signed
        state.withLock { $0.published = newest }
        return newest
    }

    /// Publishes the checkpoint there is with a new stamp, where no other can be made, as in a record that was found to be
    /// damaged: others are promised that, and it shows them what is wrong.
    private func publishStamped() throws {
        guard let shown = checkpoint ?? record.checkpoint else { return }
        let (signed, stamp) = try stamped(shown)
        if !stamp.isEmpty { state.withLock { $0.published = signed } }
    }

    /// The checkpoint with a stamp of now, and the stamp where it is a new one.
    private func stamped(
        _ signed: SignedCheckpoint
    ) throws -> (SignedCheckpoint, [(NoteKey, [NoteSignature])]) {
        guard let stamper else { return (signed, []) }
        let now = clock()
        if let last = try signed.time(witnessedBy: stamper.key),
            now.microseconds < last.microseconds + RecordStamp.seconds * 1_000_000
        {
            return (signed, [])
        }
        let moment = max(now, state.withLock(\.stamped) ?? now)
        let stamp = try Cosignature.make(signed.note.text, at: moment, by: stamper)
        var signed = signed
        try signed.add([stamp], by: stamper.key)
        state.withLock { $0.stamped = moment }
        return (signed, [(stamper.key, [stamp])])
    }

    /// Witnesses of this round, and how it stands with each.
    private func asked() async -> [AskedWitness] {
        var asked = witnesses
        for member in await members() where client != nil {
            // Of two with one name the first counts, so that nobody can be taken for another one.
            guard !asked.contains(where: { $0.key.name == member.key.name }) else { continue }
            asked.append(member)
        }
        state.withLock { [asked] state in
            var statuses: [NoteKey: WitnessStatus] = [:]
            for witness in asked {
                statuses[witness.key] =
                    state.statuses[witness.key] ?? WitnessStatus(witness, under: state.published)
            }
            state.statuses = statuses
            state.asked = asked.map(\.key)
        }
        return asked
    }

    /// What a witness has signed with.
    private struct Given: Sendable {
        let witness: AskedWitness
        let signatures: [NoteSignature]
        let time: Timestamp?
    }

    /// What the witnesses sign that are to be asked.
    private func signatures(for signed: SignedCheckpoint) async -> [Given] {
        let (asked, now) = (await asked(), clock())
        let due = state.withLock { state in
            asked.filter {
                state.statuses[$0.key]?.isDue(for: signed.checkpoint.size, at: now) == true
            }
        }
        return await withTaskGroup(of: Given?.self) { group in
            for witness in due { group.addTask { await self.ask(witness, for: signed) } }
            var given: [Given] = []
            for await one in group { if let one { given.append(one) } }
            return given
        }
    }

    /// Asks one witness to sign; nil where it does not.
    private func ask(_ witness: AskedWitness, for signed: SignedCheckpoint) async -> Given? {
        do {
            let signatures = try await signatures(of: witness, for: signed)
            var checked = signed
            try checked.add(signatures, by: witness.key)
            let time = try checked.time(witnessedBy: witness.key)
            return Given(witness: witness, signatures: signatures, time: time)
        } catch {
            noteFailure("\(error)", of: witness)
            return nil
        }
    }

    private func noteSigned(_ size: Int, at time: Timestamp?, by witness: AskedWitness) {
        let signsAgain = state.withLock { state in
            defer { state.statuses[witness.key]?.noteSigned(size, at: time) }
            return state.statuses[witness.key]?.failure != nil
        }
        if signsAgain { tell("the witness \(witness.key.name) signs again") }
    }

    private func noteFailure(_ reason: String, of witness: AskedWitness) {
        let isNew = state.withLock { state in
            defer { state.statuses[witness.key]?.noteFailure(reason, at: clock()) }
            return state.statuses[witness.key]?.failure == nil
        }
        if isNew { tell("the witness \(witness.key.name) does not sign: \(reason)") }
    }

    /// What the witness signs, from the last checkpoint on that it knows: it says which that is.
    private func signatures(
        of witness: AskedWitness,
        for signed: SignedCheckpoint
    ) async throws -> [NoteSignature] {
        let size = signed.checkpoint.size
        var old = min(state.withLock { $0.statuses[witness.key]?.size } ?? 0, size)
        // A second time where it has signed another one than was thought.
        for _ in 0..<2 {
            guard let client, var question = try await record.question(toWitnessAt: old),
                question.checkpoint.checkpoint == signed.checkpoint
            else { break }
            question.checkpoint = signed
            switch try await client.ask(question, of: witness) {
            case .signed(let signatures): return signatures
            case .conflict(let known) where known == old:
                throw try await differs(witness, "has signed another record of \(old) entries")
            case .conflict(let known) where known > size:
                throw try await differs(
                    witness,
                    "has signed \(known) entries, and the record has \(size)"
                )
            case .conflict(let known): old = known
            case .notConsistent:
                throw try await differs(
                    witness,
                    "has signed \(old) other entries than the record has"
                )
            case .refused(let reason): throw WitnessFailure(reason)
            }
        }
        throw WitnessFailure("it does not say what it has signed")
    }

    /// The record is not what was witnessed: it was rolled back, or edited, with its checkpoint.
    ///
    /// A hub of the network, which nobody has chosen, could say so of any record: it has to show what the record has
    /// signed.
    private func differs(_ witness: AskedWitness, _ what: String) async throws -> WitnessFailure {
        if witness.isMember {
            guard let shown = try await client?.newest(of: record.key, seenBy: witness),
                try await record.isContradicted(by: shown)
            else { return WitnessFailure(what + ", and does not show it") }
        }
        record.markDamaged("The witness \(witness.key.name) \(what).")
        return WitnessFailure(what)
    }
}

/// Why a witness did not sign.
private struct WitnessFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
