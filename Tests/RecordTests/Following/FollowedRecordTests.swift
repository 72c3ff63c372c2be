import ContextModel
import Synchronization
import Testing

@testable import Record

/// What a hub notices of another hub's record, by what that one has signed alone.
@Suite struct FollowedRecordTests {
    private let signer: NoteSigner
    private let stamper: NoteSigner
    private let keys: FollowedKeys
    private let begin = Timestamp(microseconds: 1_769_846_400_000_000)

    init() throws {
        signer = try #require(NoteSigner(name: "city.example/record", purpose: .note))
        stamper = try #require(NoteSigner(name: "city.example/witness", purpose: .cosignature))
        keys = try #require(FollowedKeys(record: signer.key, stamp: stamper.key))
    }

    private func after(_ seconds: Int64) -> Timestamp {
        Timestamp(microseconds: begin.microseconds + seconds * 1_000_000)
    }

    /// A checkpoint of so many entries of a history, stamped so many seconds after the beginning.
    private func note(
        _ size: Int,
        of history: History = .first,
        stamped seconds: Int64? = nil,
        by signer: NoteSigner? = nil
    ) throws -> SignedCheckpoint {
        let signer = signer ?? self.signer
        let root = size == 0 ? TreeHash.empty : history.tree(size).root
        var note = try SignedCheckpoint(
            Checkpoint(origin: signer.key.name, size: size, root: root),
            by: signer
        )
        if let seconds {
            try note.add(
                [try Cosignature.make(note.note.text, at: after(seconds), by: stamper)],
                by: stamper.key
            )
        }
        return note
    }

    private func followed(_ newest: SignedCheckpoint? = nil) -> FollowedRecord {
        FollowedRecord(keys, newest: newest, at: begin)
    }

    // MARK: - Two notes

    @Test func `two checkpoints of one size and other entries are a fork, whoever brings them`()
        throws
    {
        for isStranger in [false, true] {
            var record = followed()
            try record.take(note(5, stamped: 1), ofStranger: isStranger, at: after(1))
            try record.take(note(5, stamped: 9), ofStranger: isStranger, at: after(9))
            #expect(record.finding == nil && record.stamped == after(9))
            try record.take(note(5, of: .second), ofStranger: isStranger, at: after(12))
            #expect(record.finding?.kind == .fork)
            #expect(record.finding?.noticed == after(12))
            #expect(
                record.finding?.evidence == [
                    try note(5, stamped: 9), try note(5, of: .second),
                ]
            )
            // What comes after changes nothing of that.
            try record.take(note(6, of: .second, stamped: 20), at: after(20))
            #expect(record.newest?.checkpoint.root == History.first.tree(5).root)
        }
    }

    @Test func `a shorter record that is stamped later was rolled back`() throws {
        for size in [0, 1, 6] {
            var record = followed(try note(7, stamped: 10))
            // An old checkpoint is no rollback: it is what the record was.
            try record.take(note(size, stamped: 4), at: after(20))
            try record.take(note(size, stamped: 10), at: after(20))
            try record.take(note(size), at: after(20))
            #expect(record.finding == nil)
            try record.take(note(size, stamped: 11), at: after(20))
            #expect(record.finding?.kind == .rollback)
            let sizes = record.finding?.evidence.map(\.checkpoint.size)
            #expect(sizes == [7, size])
        }
        // Also where the longer one comes to be known later, from somebody else.
        var record = followed(try note(6, stamped: 30))
        try record.take(note(7, stamped: 10), at: after(31))
        #expect(record.finding?.kind == .rollback)
    }

    @Test func `what the record's key has not signed is not taken, and wrong stamps are not`()
        throws
    {
        var record = followed(try note(3))
        let impostor = try #require(NoteSigner(name: signer.key.name, purpose: .note))
        #expect(throws: ProofError.self) {
            try record.take(note(3, of: .second, by: impostor), at: begin)
        }
        let stranger = try #require(NoteSigner(name: "other.example", purpose: .note))
        #expect(throws: ProofError.self) { try record.take(note(9, by: stranger), at: begin) }
        // The stamp of another checkpoint under this one counts as none, so that no rollback is shown.
        let stamp = try note(9, stamped: 50).note.signatures.last
        let text = try note(2).text + #require(stamp).line
        let forged = try SignedCheckpoint(text)
        try record.take(forged, at: begin)
        #expect(record.stamped == nil)
        #expect(record.finding == nil && record.newest?.checkpoint.size == 3)
    }

    // MARK: - Gaps

    @Test func `a record without a newer stamp has a gap after a while`() throws {
        var record = followed()
        try record.take(note(2, stamped: 0), at: after(0))
        for second in [15, 30] as [Int64] {
            // The same is shown again.
            try record.take(note(2, stamped: 0), at: after(second))
            record.noteLook()
            #expect(record.gap(at: after(second)) == nil)
        }
        #expect(record.gap(at: after(40)) == nil)
        #expect(record.gap(at: after(41)) == after(0))
        // It is over with the next stamp, though nothing was added.
        try record.take(note(2, stamped: 44), at: after(45))
        #expect(record.gap(at: after(46)) == nil)
        // A hub that slept itself has heard nobody.
        #expect(record.gap(at: after(4_000)) == nil)
        record.noteLook()
        #expect(record.gap(at: after(4_000)) == nil)
        record.noteLook()
        #expect(record.gap(at: after(4_000)) == after(45))
    }

    @Test func `stamps of a time to come and of long ago promise nothing`() throws {
        for stamp in [6, 500, -61] as [Int64] {
            var record = followed()
            try record.take(note(2, stamped: stamp), at: begin)
            #expect(record.stamped == nil)
            record.noteLook()
            record.noteLook()
            #expect(record.gap(at: after(41)) == begin)
        }
        var silent = FollowedRecord(
            try #require(FollowedKeys(record: signer.key)),
            newest: nil,
            at: begin
        )
        for _ in 0..<5 { silent.noteLook() }
        #expect(silent.gap(at: after(900)) == nil, "it has promised nothing")
    }

    @Test func `a longer record that is not proved to go on is a gap, also with new stamps`()
        throws
    {
        var record = followed(try note(4, stamped: 0))
        for second in [10, 25, 40, 55] as [Int64] {
            try record.take(note(9, stamped: second), at: after(second))
            record.noteLook()
        }
        #expect(record.newest?.checkpoint.size == 4)
        #expect(record.gap(at: after(50)) == nil)
        #expect(record.gap(at: after(55)) == after(10))
        record.advance(to: try note(9))
        #expect(record.gap(at: after(55)) == nil)
        #expect(record.candidates.isEmpty)
    }

    @Test func `strangers cannot have old checkpoints compared, and others not without end`()
        throws
    {
        var record = followed(try note(300))
        for size in 1..<300 {
            try record.take(note(size), ofStranger: true, at: begin)
        }
        #expect(record.candidates.isEmpty)
        for size in 1..<300 { try record.take(note(size), at: begin) }
        #expect(record.waiting.count == FollowedRecord.maximumWaiting)
    }

    // MARK: - Looks

    @Test func `a look has the hub prove that its record goes on`() async throws {
        let desk = try desk()
        try await desk.follow([keys], at: begin)
        for size in [0, 1, 200, 257, 700] {
            try await look(desk, at: note(size, stamped: 1), tilesOf: .first)
            #expect(desk.followed(keys)?.newest?.checkpoint.size == size)
        }
        // What others have seen of it meanwhile goes with it.
        try await desk.take([try note(199), try note(699)], of: keys, at: begin)
        try await look(desk, at: note(701, stamped: 2), tilesOf: .first)
        let record = try #require(desk.followed(keys))
        #expect(record.finding == nil && record.candidates.isEmpty)
        // It is known after a restart, too.
        let again = WitnessDesk(try witness(), desk.store)
        try await again.follow([keys], at: begin)
        #expect(again.followed(keys)?.newest?.checkpoint.size == 701)
    }

    @Test func `a record that goes on from others than were seen is a fork`() async throws {
        for (seen, shown) in [(5, 9), (256, 300), (300, 700), (700, 701)] {
            let desk = try desk()
            try await desk.follow([keys], at: begin)
            try await look(desk, at: note(seen), tilesOf: .first)
            try await look(desk, at: note(shown, of: .second), tilesOf: .second)
            let finding = desk.followed(keys)?.finding
            #expect(finding?.kind == .fork, "\(seen) and \(shown)")
            #expect(finding?.evidence == [try note(seen), try note(shown, of: .second)])
        }
    }

    @Test func `a record that shows one history here and another one elsewhere is a fork`()
        async throws
    {
        // A shorter one that others have seen, and a longer one that this hub is never shown.
        for other in [150, 310] {
            let desk = try desk()
            try await desk.follow([keys], at: begin)
            try await look(desk, at: note(300), tilesOf: .first)
            try await desk.take([try note(other, of: .second)], of: keys, at: begin)
            try? await look(desk, at: note(305), tilesOf: .first)
            try? await look(desk, at: note(320), tilesOf: .first)
            #expect(desk.followed(keys)?.finding?.kind == .fork, "\(other)")
        }
    }

    @Test func `what was settled is not found again in what others still show`() async throws {
        let desk = try desk()
        try await desk.follow([keys], at: begin)
        try await look(desk, at: note(300, stamped: 0), tilesOf: .first)
        let evidence = [try note(300, stamped: 0), try note(300, of: .second, stamped: 5)]
        try await desk.take(evidence, of: keys, at: after(5))
        #expect(desk.followed(keys)?.finding?.kind == .fork)
        try await desk.restart(keys, at: after(20))
        try await desk.take(evidence + [try note(310)], of: keys, at: after(25))
        try await look(desk, at: note(305, of: .second, stamped: 25), tilesOf: .second)
        #expect(desk.followed(keys)?.finding == nil)
        // What is stamped after that counts.
        try await desk.take([try note(305, stamped: 30)], of: keys, at: after(30))
        #expect(desk.followed(keys)?.finding?.kind == .fork)
        // The next run knows when it was settled.
        let next = try self.desk()
        try await next.follow([keys], settled: [keys: after(20)], at: after(40))
        try await look(next, at: note(305, of: .second, stamped: 40), tilesOf: .second)
        try await next.take(evidence, of: keys, at: after(40))
        #expect(next.followed(keys)?.finding == nil)
    }

    @Test func `a stranger's stamp that is none does not keep the true one from counting`()
        async throws
    {
        let desk = try desk()
        try await desk.follow([keys], at: begin)
        try await look(desk, at: note(5, stamped: 0), tilesOf: .first)
        let wrong = NoteSignature(
            name: stamper.key.name,
            id: stamper.key.id,
            bytes: Array(repeating: 1, count: 72)
        )
        let poisoned = try SignedCheckpoint(note(5).text + wrong.line)
        let question = AddCheckpoint(old: 5, proof: [], checkpoint: poisoned)
        guard case .signed = try await desk.answer(question, at: after(1)) else {
            Issue.record("It is consistent.")
            return
        }
        try await look(desk, at: note(5, stamped: 4), tilesOf: .first)
        #expect(desk.followed(keys)?.stamped == after(4))
        try await look(desk, at: note(3, stamped: 20), tilesOf: .first)
        #expect(desk.followed(keys)?.finding?.kind == .rollback)
    }

    @Test func `tiles that are not the record's show nothing`() async throws {
        let desk = try desk()
        try await desk.follow([keys], at: begin)
        try await look(desk, at: note(5), tilesOf: .first)
        await #expect(throws: ProofError(.notInTree, "")) {
            try await look(desk, at: note(9), tilesOf: .second)
        }
        await #expect(throws: ProofError(.malformed, "")) {
            try await desk.look(
                at: keys,
                clock: { [begin] in begin },
                checkpoint: { try note(9) },
                tile: { _ in [1, 2, 3] }
            )
        }
        let record = try #require(desk.followed(keys))
        #expect(record.finding == nil && record.newest?.checkpoint.size == 5)
        #expect(record.candidates.count == 2)
    }

    @Test func `a desk signs for members, and no more where it found something`() async throws {
        let desk = try desk()
        func ask(_ old: Int, _ size: Int, _ history: History) async throws -> Witness.Answer {
            let question = AddCheckpoint(
                old: old,
                proof: old > 0 ? history.tree(size).consistency(from: old) : [],
                checkpoint: try note(size, of: history)
            )
            return try await desk.answer(question, at: begin)
        }
        #expect(try await ask(0, 4, .first) == .unknownRecord)
        try await desk.follow([keys], at: begin)
        guard case .signed = try await ask(0, 4, .first) else {
            Issue.record("a member is not signed for")
            return
        }
        #expect(desk.followed(keys)?.newest?.checkpoint.size == 4)
        #expect(try await ask(4, 4, .second) == .conflict(4))
        #expect(desk.followed(keys)?.finding?.kind == .fork)
        #expect(try await ask(4, 8, .first) == .notConsistent)
        try await desk.restart(keys, at: begin)
        guard case .signed = try await ask(0, 8, .first) else {
            Issue.record("it is not signed for when that is settled")
            return
        }
        try await desk.follow([], at: begin)
        #expect(try await ask(8, 9, .first) == .unknownRecord)
    }

    @Test func `a hub that claims another one's record does it no harm`() async throws {
        let own = try #require(NoteSigner(name: "thief.example/w", purpose: .cosignature))
        let thief = try #require(FollowedKeys(record: signer.key, stamp: own.key))
        let desk = try desk()
        try await desk.follow([keys, thief], at: begin)
        // It stamps an old checkpoint of the other one.
        var old = try note(3)
        try old.add(
            [try Cosignature.make(old.note.text, at: after(4), by: own)],
            by: own.key
        )
        var new = try note(8, stamped: 2)
        try new.add(
            [try Cosignature.make(new.note.text, at: after(1), by: own)],
            by: own.key
        )
        try await desk.take([new, old], of: thief, at: begin)
        #expect(desk.followed(thief)?.finding?.kind == .rollback)
        try await desk.take([new, old], of: keys, at: begin)
        #expect(desk.followed(keys)?.finding == nil)
        let question = AddCheckpoint(
            old: 8,
            proof: History.first.tree(9).consistency(from: 8),
            checkpoint: try note(9)
        )
        guard case .signed = try await desk.answer(question, at: begin) else {
            Issue.record("the hub is not signed for any more")
            return
        }
    }

    // MARK: - A desk

    private func witness() throws -> Witness {
        let signer = try #require(NoteSigner(name: "here.example/w", purpose: .cosignature))
        return Witness(signer: signer, records: [])
    }

    private func desk() throws -> WitnessDesk { WitnessDesk(try witness(), KeptInMemory()) }

    private func look(
        _ desk: WitnessDesk,
        at note: SignedCheckpoint,
        tilesOf history: History
    ) async throws {
        try await desk.look(
            at: keys,
            clock: { [begin] in begin },
            checkpoint: { note },
            tile: { TreeHash.bytes(of: history.hashes(of: $0)) }
        )
    }
}

/// A history of a record: both begin in the same way, and differ from entry 2 on.
private enum History: UInt8 {
    case first = 1
    case second = 2

    func tree(_ size: Int) -> SmallTree {
        SmallTree(
            (0..<size).map { number in
                .leaf([number < 2 ? 0 : rawValue, UInt8(number & 255), UInt8(number >> 8)])
            }
        )
    }

    func hashes(of tile: Tile) -> [TreeHash] {
        guard case .hashes(let level) = tile.content else { return [] }
        let first = tile.index * Tile.fullWidth
        let leaves = tree(1_024).leaves
        return (first..<first + tile.width).map { place in
            let span = 1 << (level * Tile.height)
            return SmallTree(Array(leaves[place * span..<(place + 1) * span])).root
        }
    }
}

/// What a witness has signed, in memory.
private final class KeptInMemory: WitnessedStore {
    private let kept = Mutex<[NoteKey: SignedCheckpoint]>([:])

    func latest(of record: NoteKey) -> SignedCheckpoint? { kept.withLock { $0[record] } }

    func keep(_ checkpoint: SignedCheckpoint, of record: NoteKey) {
        kept.withLock { $0[record] = checkpoint }
    }

    func forget(_ record: NoteKey) { kept.withLock { $0[record] = nil } }
}
