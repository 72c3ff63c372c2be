import Chance
import ContextModel
import Testing

@testable import Record

/// The operator is the attacker, and a person has proofs and public keys alone (promise P2).
@Suite struct AttackTests {
    private let operatorKey: NoteSigner
    private let witnessKey: NoteSigner
    private let verifier: ProofVerifier
    /// The record as the operator has it: a choice, and a thousand reads behind it.
    private let honest: Log

    init() throws {
        operatorKey = try #require(NoteSigner(name: "city.example/hub", purpose: .note))
        witnessKey = try #require(NoteSigner(name: "witness.example", purpose: .cosignature))
        verifier = ProofVerifier(keys: [operatorKey.key, witnessKey.key])
        honest = try Log { log in
            try log.add(.policy, at: 0, state: 0)
            try log.add(.choice, at: 10, state: 1, about: "urn:person:1")
            for second in 11..<40 {
                try log.add(.read, at: second, state: 2, about: "urn:person:1")
            }
        }
    }

    /// Entries that an operator keeps, changed as it likes.
    private struct Log {
        var entries: [PreparedEntry] = []
        private var dice = SeededGenerator(seed: 6)

        init(_ fill: (inout Log) throws -> Void) throws { try fill(&self) }

        static func moment(_ second: Int) -> Timestamp {
            Timestamp(microseconds: 1_769_846_400_000_000 + Int64(second) * 1_000_000)
        }

        mutating func add(
            _ kind: EntryKind,
            at second: Int,
            state: Int,
            about: String? = nil
        ) throws {
            let time = Self.moment(second)
            let openings = about.map { [Opening(subject: $0, party: "urn:clinic", time: time)] }
            let draft = RecordDraft(kind, time: time, state: state, openings: openings ?? [])
            entries.append(try PreparedEntry(draft, using: &dice))
        }

        func tree(_ size: Int? = nil) -> SmallTree {
            SmallTree(entries.prefix(size ?? entries.count).map(\.hash))
        }
    }

    /// What the operator hands out: signed, and witnessed at the second unless that is nil.
    private func proof(
        of index: Int,
        in log: Log,
        size: Int? = nil,
        witnessedAt second: Int? = 50
    ) throws -> TransparencyProof {
        let tree = log.tree(size)
        let prepared = log.entries[index]
        var disclosure: TransparencyProof.Disclosure?
        if let salted = prepared.openings.first {
            disclosure = TransparencyProof.Disclosure(
                opening: salted.bytes,
                salt: salted.salt,
                place: 0,
                path: SmallTree(prepared.commitments).inclusion(of: 0)
            )
        }
        var checkpoint = try SignedCheckpoint(
            Checkpoint(origin: operatorKey.key.name, size: tree.leaves.count, root: tree.root),
            by: operatorKey
        )
        if let second {
            let signature = try Cosignature.make(
                checkpoint.note.text,
                at: Log.moment(second),
                by: witnessKey
            )
            try checkpoint.add([signature], by: witnessKey.key)
        }
        return TransparencyProof(
            index: index,
            path: tree.inclusion(of: index),
            checkpoint: checkpoint,
            entry: prepared.bytes,
            disclosure: disclosure
        )
    }

    @Test func `an honest proof is believed, from its file alone`() throws {
        let proof = try proof(of: 1, in: honest)
        let read = try TransparencyProof(proof.text)
        #expect(read == proof)
        let verified = try verifier.verify(read)
        #expect(verified.entry.kind == .choice)
        #expect(verified.opening?.subject == "urn:person:1")
        #expect(verified.witnesses == [.init(name: "witness.example", time: Log.moment(50))])
        let later = try verifier.verify(try self.proof(of: 30, in: honest))
        try verifier.compare([verified, later])
    }

    @Test func `a deleted, changed or moved entry is not in the signed tree`() throws {
        let told = try proof(of: 1, in: honest)
        var deleted = honest
        deleted.entries.remove(at: 1)
        var moved = honest
        moved.entries.swapAt(1, 20)
        for log in [deleted, moved] {
            var forged = told
            forged.checkpoint = try proof(of: 0, in: log).checkpoint
            forged.path = log.tree().inclusion(of: 1)
            #expect(throws: ProofError(.notInTree, "")) { try verifier.verify(forged) }
        }
        // Nor is it another person's, or another number's.
        var other = told
        other.index = 2
        #expect(throws: ProofError(.notInTree, "")) { try verifier.verify(other) }
        let stranger = Opening(subject: "urn:person:2", party: "urn:clinic", time: Log.moment(10))
        other = told
        other.disclosure?.opening = stranger.bytes
        #expect(throws: ProofError(.notInEntry, "")) { try verifier.verify(other) }
    }

    @Test func `a record forked for one person shows as soon as two proofs meet`() throws {
        var fork = honest
        fork.entries[1] = fork.entries[3]
        let (mine, theirs) = (try proof(of: 5, in: honest), try proof(of: 5, in: fork))
        #expect(mine.checkpoint.checkpoint.size == theirs.checkpoint.checkpoint.size)
        let both = [try verifier.verify(mine), try verifier.verify(theirs)]
        #expect(throws: ProofError(.forked, "")) { try verifier.compare(both) }
        // With different sizes the roots cannot be compared; the entries can.
        let short = try verifier.verify(try proof(of: 1, in: fork, size: 20))
        let whole = try verifier.verify(try proof(of: 1, in: honest))
        #expect(throws: ProofError(.forked, "")) { try verifier.compare([short, whole]) }
    }

    @Test func `a checkpoint that no witness has seen is not believed`() throws {
        let alone = try proof(of: 1, in: honest, witnessedAt: nil)
        #expect(throws: ProofError(.tooFewWitnesses, "")) { try verifier.verify(alone) }
        #expect(throws: Never.self) {
            try ProofVerifier(keys: [operatorKey.key, witnessKey.key], quorum: 0).verify(alone)
        }
        // The operator cannot count for a witness, nor a witness twice.
        let twice = ProofVerifier(
            keys: [operatorKey.key, witnessKey.key, witnessKey.key],
            quorum: 2
        )
        let witnessed = try proof(of: 1, in: honest)
        #expect(throws: ProofError(.tooFewWitnesses, "")) { try twice.verify(witnessed) }
        // Nobody's keys but the record's own make it this record.
        let stranger = ProofVerifier(keys: [witnessKey.key])
        #expect(throws: ProofError(.unknownRecord, "")) { try stranger.verify(witnessed) }
    }

    @Test func `a release that was decided without the choice is told from one with it`() throws {
        var late = honest
        try late.add(.read, at: 45, state: 1, about: "urn:person:1")
        let choice = try verifier.verify(try proof(of: 1, in: late))
        let honoured = try verifier.verify(try proof(of: 10, in: late))
        let ignored = try verifier.verify(try proof(of: 31, in: late))
        try verifier.compare([choice, honoured])
        #expect(throws: ProofError(.olderState, "")) { try verifier.compare([choice, ignored]) }
        #expect(throws: ProofError(.olderState, "")) { try verifier.compare([ignored, choice]) }
        // One that was on its way is given the second that the promise gives it.
        try late.add(.read, at: 11, state: 1, about: "urn:person:1")
        let onItsWay = try verifier.verify(try proof(of: 32, in: late))
        try verifier.compare([choice, onItsWay])
    }

    @Test func `an entry that is dated back is behind what a witness had seen by then`() throws {
        let before = try verifier.verify(try proof(of: 1, in: honest, witnessedAt: 500))
        var late = honest
        try late.add(.read, at: 5, state: 1, about: "urn:person:1")
        let dated = try verifier.verify(try proof(of: 31, in: late, witnessedAt: 600))
        #expect(throws: ProofError(.backDated, "")) { try verifier.compare([before, dated]) }
    }

    @Test func `no bit of a proof can be changed`() throws {
        let proof = try proof(of: 17, in: honest)
        let text = Array(proof.text.utf8)
        let honestResult = try verifier.verify(proof)
        var dice = SeededGenerator(seed: 7)
        for _ in 0..<400 {
            var forged = text
            let place = Int.random(in: forged.indices, using: &dice)
            forged[place] ^= 1 << UInt8.random(in: 0..<8, using: &dice)
            guard let damaged = String(validating: forged, as: UTF8.self) else { continue }
            guard let read = try? TransparencyProof(damaged),
                let result = try? verifier.verify(read)
            else { continue }
            // A signature that is no longer the witness's may be left out, if it is not wanted: it is.
            #expect(result == honestResult, "\(damaged)")
            #expect(damaged == proof.text)
        }
    }

    @Test(arguments: [
        "", "c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v2\nextra e30=\nindex 0\n\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n\no\n1\nx\n",
        "c2sp.org/tlog-proof@v1\nextra e30=\nindex 00\n\n",
        "c2sp.org/tlog-proof@v1\nextra e30=\nindex 0\nAA==\n\n",
    ])
    func `what is no proof is refused`(text: String) {
        #expect(throws: ProofError(.malformed, "")) { try TransparencyProof(text) }
    }
}
