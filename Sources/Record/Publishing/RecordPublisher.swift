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
    private let client: (any WitnessClient)?
    private let clock: @Sendable () -> Timestamp
    private let tell: @Sendable (String) -> Void

    private struct State {
        var published: SignedCheckpoint?
        var statuses: [WitnessStatus]
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

    /// `tell` gets a sentence for the log when a witness begins to sign, or ends.
    package init(
        _ record: RecordWriter,
        witnesses: [AskedWitness],
        client: (any WitnessClient)?,
        clock: @escaping @Sendable () -> Timestamp,
        tell: @escaping @Sendable (String) -> Void
    ) {
        self.record = record
        self.witnesses = client == nil ? [] : witnesses
        self.client = client
        self.clock = clock
        self.tell = tell
        let newest = record.checkpoint
        state = Mutex(
            State(
                published: newest,
                statuses: self.witnesses.map { WitnessStatus($0, under: newest) }
            )
        )
    }

    /// The newest checkpoint that was published, `GET /record/checkpoint`; nil before the first.
    package var checkpoint: SignedCheckpoint? { state.withLock(\.published) }

    /// How it stands with each witness.
    package var witnessStatuses: [WitnessStatus] { state.withLock(\.statuses) }

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
        let signed = try await record.signCheckpoint()
        let (now, size) = (clock(), signed.checkpoint.size)
        let due = state.withLock { state in
            state.statuses.indices.filter { state.statuses[$0].isDue(for: size, at: now) }
        }
        await withDiscardingTaskGroup { group in
            for place in due { group.addTask { await self.ask(place, for: signed) } }
        }
        let newest = record.checkpoint ?? signed
        state.withLock { $0.published = newest }
        return newest
    }

    /// Asks one witness to sign, and keeps its signature.
    private func ask(_ place: Int, for signed: SignedCheckpoint) async {
        let witness = witnesses[place]
        let size = signed.checkpoint.size
        do {
            let signatures = try await signatures(of: witness, place, for: signed)
            try await record.add(signatures, by: witness.key, size: size)
            let time = try record.checkpoint?.time(witnessedBy: witness.key)
            let signsAgain = state.withLock { state in
                defer { state.statuses[place].noteSigned(size, at: time) }
                return state.statuses[place].failure != nil
            }
            if signsAgain { tell("the witness \(witness.key.name) signs again") }
        } catch {
            let reason = "\(error)"
            let isNew = state.withLock { state in
                defer { state.statuses[place].noteFailure(reason, at: clock()) }
                return state.statuses[place].failure == nil
            }
            if isNew { tell("the witness \(witness.key.name) does not sign: \(reason)") }
        }
    }

    /// What the witness signs, from the last checkpoint on that it knows: it says which that is.
    private func signatures(
        of witness: AskedWitness,
        _ place: Int,
        for signed: SignedCheckpoint
    ) async throws -> [NoteSignature] {
        let size = signed.checkpoint.size
        var old = min(state.withLock { $0.statuses[place].size } ?? 0, size)
        // A second time where it has signed another one than was thought.
        for _ in 0..<2 {
            guard let client, let question = try await record.question(toWitnessAt: old) else {
                break
            }
            switch try await client.ask(question, of: witness) {
            case .signed(let signatures): return signatures
            case .conflict(let known) where known == old:
                throw differs(witness, "has signed another record of \(old) entries")
            case .conflict(let known) where known > size:
                throw differs(witness, "has signed \(known) entries, and the record has \(size)")
            case .conflict(let known): old = known
            case .notConsistent:
                throw differs(witness, "has signed \(old) other entries than the record has")
            case .refused(let reason): throw WitnessFailure(reason)
            }
        }
        throw WitnessFailure("it does not say what it has signed")
    }

    /// The record is not what was witnessed: it was rolled back, or edited, with its checkpoint.
    private func differs(_ witness: AskedWitness, _ what: String) -> WitnessFailure {
        record.markDamaged("The witness \(witness.key.name) \(what).")
        return WitnessFailure(what)
    }
}

/// Why a witness did not sign.
private struct WitnessFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
