package import ContextModel
internal import Dispatch
internal import Synchronization

/// Where a witness keeps the last checkpoint of each record that it signed.
///
/// Methods block, and throw when what was kept cannot be read or written: a witness that has forgotten what
/// it signed must not sign.
package protocol WitnessedStore: Sendable {
    /// Nil for a record of which none was signed yet.
    func latest(of record: NoteKey) throws -> SignedCheckpoint?
    /// Keeps the checkpoint in place of the one before, on disk when it returns.
    func keep(_ checkpoint: SignedCheckpoint, of record: NoteKey) throws
    /// Forgets what was kept, on disk when it returns.
    func forget(_ record: NoteKey) throws
}

/// Answers the questions to a witness, one after the other (C2SP tlog-witness): a checkpoint is on disk
/// before its signature leaves, and no other can come between.
///
/// It follows records of other hubs, too, and notices where one is not what was seen before.
package final class WitnessDesk: Sendable {
    /// The key by which it signs.
    package let key: NoteKey
    private let witness: Witness
    let store: any WitnessedStore
    let queue = DispatchQueue(label: "balai.witness")
    /// The records of other hubs that are followed; by both keys, as two hubs may name one record.
    let followed = Mutex<[FollowedKeys: FollowedRecord]>([:])

    package init(_ witness: Witness, _ store: any WitnessedStore) {
        self.witness = witness
        self.store = store
        key = witness.key
    }

    /// Throws when the answer cannot be signed or kept.
    package func answer(
        _ question: AddCheckpoint,
        at now: Timestamp
    ) async throws -> Witness.Answer {
        let origin = question.checkpoint.checkpoint.origin
        let members = followed.withLock { $0.keys.map(\.record).filter { $0.name == origin } }
        var witness = witness
        witness.watch(members)
        // Who is not watched costs nothing.
        guard witness.watches(origin) else { return .unknownRecord }
        // Nor does who has not its key keep the record waiting: its signature is checked before the queue.
        guard let record = witness.signer(of: question.checkpoint) else { return .notSigned }
        return try await run { [witness] in
            let answer = try self.decide(question, of: record, as: witness, at: now)
            self.note(question, answer, of: record, at: now)
            return answer
        }
    }

    /// On the queue.
    private func decide(
        _ question: AddCheckpoint,
        of record: NoteKey,
        as witness: Witness,
        at now: Timestamp
    ) throws -> Witness.Answer {
        // What does not go with something else that the hub signed is not signed, until somebody has decided.
        let known = followed.withLock { $0.values.filter { $0.keys.record == record } }
        if !known.isEmpty, known.allSatisfy({ $0.finding != nil }) { return .notConsistent }
        let latest = try store.latest(of: record)?.checkpoint
        let answer = try witness.answer(question, latest: latest, at: now)
        // Whoever asks may have put anything below it.
        let own = [record] + known.compactMap(\.keys.stamp)
        let kept = question.checkpoint.signed(byNoneBut: own)
        // What is asked for again is kept already.
        if case .signed = answer, latest != question.checkpoint.checkpoint {
            try store.keep(kept, of: record)
        }
        return answer
    }

    /// Notes what a question tells of a record that is followed, on the queue.
    private func note(
        _ question: AddCheckpoint,
        _ answer: Witness.Answer,
        of record: NoteKey,
        at now: Timestamp
    ) {
        followed.withLock { followed in
            for keys in followed.keys where keys.record == record {
                if case .signed = answer { followed[keys]?.advance(to: question.checkpoint) }
                // What the record's key has not signed is passed over.
                try? followed[keys]?.take(question.checkpoint, ofStranger: true, at: now)
            }
        }
    }

    func run<Answer: Sendable>(
        _ body: @escaping @Sendable () throws -> Answer
    ) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result(catching: body)) }
        }
    }
}
