package import ContextModel
internal import Dispatch

/// Where a witness keeps the last checkpoint of each record that it signed.
///
/// Methods block, and throw when what was kept cannot be read or written: a witness that has forgotten what
/// it signed must not sign.
package protocol WitnessedStore: Sendable {
    /// Nil for a record of which none was signed yet.
    func latest(of origin: String) throws -> SignedCheckpoint?
    /// Keeps the checkpoint in place of the one before, on disk when it returns.
    func keep(_ checkpoint: SignedCheckpoint) throws
}

/// Answers the questions to a witness, one after the other (C2SP tlog-witness): a checkpoint is on disk
/// before its signature leaves, and no other can come between.
package final class WitnessDesk: Sendable {
    private let witness: Witness
    private let store: any WitnessedStore
    private let queue = DispatchQueue(label: "balai.witness")

    package init(_ witness: Witness, _ store: any WitnessedStore) {
        self.witness = witness
        self.store = store
    }

    /// Throws when the answer cannot be signed or kept.
    package func answer(
        _ question: AddCheckpoint,
        at now: Timestamp
    ) async throws -> Witness.Answer {
        // Who is not watched costs nothing.
        guard witness.watches(question.checkpoint.checkpoint.origin) else { return .unknownRecord }
        // Nor does who has not its key keep the record waiting: its signature is checked before the queue.
        guard witness.isSigned(question.checkpoint) else { return .notSigned }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(with: Result { try self.decide(question, at: now) })
            }
        }
    }

    private func decide(_ question: AddCheckpoint, at now: Timestamp) throws -> Witness.Answer {
        let new = question.checkpoint.checkpoint
        let latest = try store.latest(of: new.origin)?.checkpoint
        let answer = try witness.answer(question, latest: latest, at: now)
        // What is asked for again is kept already.
        if case .signed = answer, latest != new { try store.keep(question.checkpoint) }
        return answer
    }
}
