import ContextModel
import Testing

@testable import Record

/// The operator asks a witness to sign what it should not (C2SP tlog-witness).
@Suite struct WitnessTests {
    private let operatorKey: NoteSigner
    private let witness: Witness
    private let witnessKey: NoteKey
    private let now = Timestamp(microseconds: 1_769_846_400_000_000)
    private let leaves = (0..<20).map { TreeHash.leaf([UInt8($0)]) }

    init() throws {
        operatorKey = try #require(NoteSigner(name: "city.example/hub", purpose: .note))
        let signer = try #require(NoteSigner(name: "witness.example", purpose: .cosignature))
        witness = Witness(signer: signer, records: [operatorKey.key])
        witnessKey = signer.key
    }

    private func checkpoint(
        _ tree: SmallTree,
        by signer: NoteSigner? = nil
    ) throws
        -> SignedCheckpoint
    {
        let signer = signer ?? operatorKey
        let size = tree.leaves.count
        return try SignedCheckpoint(
            Checkpoint(origin: signer.key.name, size: size, root: tree.root),
            by: signer
        )
    }

    private func tree(_ size: Int) -> SmallTree { SmallTree(Array(leaves.prefix(size))) }

    private func answer(
        _ tree: SmallTree,
        from old: Int,
        latest: SmallTree?,
        proof: [TreeHash]? = nil
    ) throws -> Witness.Answer {
        let question = AddCheckpoint(
            old: old,
            proof: proof ?? (old <= tree.leaves.count ? tree.consistency(from: old) : []),
            checkpoint: try checkpoint(tree)
        )
        return try witness.answer(
            AddCheckpoint(question.text),
            latest: try latest.map { try checkpoint($0).checkpoint },
            at: now
        )
    }

    @Test func `a record that only grows is signed, from nothing on`() throws {
        for (old, new) in [(0, 1), (1, 1), (1, 8), (8, 13), (13, 20)] {
            let result = try answer(tree(new), from: old, latest: old == 0 ? nil : tree(old))
            guard case .signed(let signature) = result else {
                Issue.record("\(old) to \(new): \(result)")
                continue
            }
            var signed = try checkpoint(tree(new))
            try signed.add([signature], by: witnessKey)
            #expect(try signed.time(witnessedBy: witnessKey) == now)
        }
    }

    @Test func `a fork, a rollback and an old checkpoint are not signed`() throws {
        var forked = tree(13).leaves
        forked[3] = .leaf([99])
        #expect(try answer(SmallTree(forked), from: 8, latest: tree(8)) == .notConsistent)
        // Another checkpoint of the size that was signed.
        #expect(try answer(SmallTree(forked), from: 13, latest: tree(13)) == .conflict(13))
        // Another empty one: there is none.
        let nothing = Checkpoint(origin: operatorKey.key.name, size: 0, root: .leaf([1]))
        let empty = AddCheckpoint(
            old: 0,
            proof: [],
            checkpoint: try SignedCheckpoint(nothing, by: operatorKey)
        )
        #expect(try witness.answer(empty, latest: nil, at: now) == .conflict(0))
        #expect(try answer(tree(8), from: 13, latest: tree(13)) == .wrongOrder)
        #expect(try answer(tree(8), from: 8, latest: tree(13)) == .conflict(13))
        #expect(try answer(tree(8), from: 0, latest: tree(13)) == .conflict(13))
        // It cannot be told that it has signed more, or less, than it has.
        #expect(try answer(tree(13), from: 8, latest: nil) == .conflict(0))
        let noise = try answer(tree(13), from: 0, latest: nil, proof: [.empty])
        #expect(noise == .notConsistent)
    }

    @Test func `records that are not watched or not signed are told apart`() throws {
        let stranger = try #require(NoteSigner(name: "other.example", purpose: .note))
        let unknown = AddCheckpoint(
            old: 0,
            proof: [],
            checkpoint: try checkpoint(tree(3), by: stranger)
        )
        #expect(try witness.answer(unknown, latest: nil, at: now) == .unknownRecord)
        let impostor = try #require(NoteSigner(name: operatorKey.key.name, purpose: .note))
        let unsigned = AddCheckpoint(
            old: 0,
            proof: [],
            checkpoint: try checkpoint(tree(3), by: impostor)
        )
        #expect(try witness.answer(unsigned, latest: nil, at: now) == .notSigned)
    }

    @Test(arguments: [
        "", "old 1\n", "old -1\n\n", "old 01\n\n", "new 1\n\n", "old 1\nAA\n\n", "old 1\n\nx\n",
    ])
    func `what is no question is refused`(body: String) {
        #expect(throws: ProofError(.malformed, "")) { try AddCheckpoint(body) }
    }
}
