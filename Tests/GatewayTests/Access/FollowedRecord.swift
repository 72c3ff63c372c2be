import ContextModel
import Record
import Synchronization

/// A record of which the hubs of tests are witnesses.
enum FollowedRecord {
    /// What asks the witness to sign the checkpoint of the empty record.
    static let question = empty.map { AddCheckpoint(old: 0, proof: [], checkpoint: $0).text } ?? ""

    private static let empty: SignedCheckpoint? = {
        guard let signer else { return nil }
        let checkpoint = Checkpoint(origin: signer.key.name, size: 0, root: .empty)
        return try? SignedCheckpoint(checkpoint, by: signer)
    }()

    /// The record's key, as a parameter of a query.
    static var key: String {
        (signer?.key.description ?? "").replacing("+", with: "%2B").replacing("/", with: "%2F")
            .replacing("=", with: "%3D")
    }

    private static let signer = NoteSigner(
        name: "city.example/record",
        purpose: .note,
        secretBytes: Array(repeating: 7, count: 32)
    )

    /// A witness that has seen the record while it was empty.
    static func desk() -> WitnessDesk? {
        guard let key = signer?.key, let empty,
            let own = NoteSigner(
                name: "hub.example/witness",
                purpose: .cosignature,
                secretBytes: Array(repeating: 8, count: 32)
            )
        else { return nil }
        return WitnessDesk(Witness(signer: own, records: [key]), WitnessedMemory([key: empty]))
    }
}

/// What a witness has signed, in memory.
private final class WitnessedMemory: WitnessedStore {
    private let kept: Mutex<[NoteKey: SignedCheckpoint]>

    init(_ kept: [NoteKey: SignedCheckpoint]) { self.kept = Mutex(kept) }

    func latest(of record: NoteKey) -> SignedCheckpoint? { kept.withLock { $0[record] } }

    func keep(_ checkpoint: SignedCheckpoint, of record: NoteKey) {
        kept.withLock { $0[record] = checkpoint }
    }

    func forget(_ record: NoteKey) { kept.withLock { $0[record] = nil } }
}
