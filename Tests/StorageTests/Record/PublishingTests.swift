import ContextModel
import Foundation
import Record
import StorageSQLite
import Synchronization
import Testing

/// Checkpoints that witnesses sign, with the files of hubs (C2SP tlog-witness).
@Suite struct PublishingTests {
    private let record: RecordFolder
    private let witness: WitnessDouble
    private let clock = SetClock()
    private let told = Told()

    init() throws {
        record = try RecordFolder()
        witness = try WitnessDouble(of: record.signer.key)
    }

    /// Publishes with the witness that the operator has chosen, or with one that is a hub of the network.
    private func publisher(
        _ writer: RecordWriter,
        asMember: Bool = false,
        stamper: NoteSigner? = nil
    ) throws -> RecordPublisher {
        let asked = AskedWitness(key: witness.key, url: "http://w.example", isMember: asMember)
        let witnesses = [try #require(asked)]
        return RecordPublisher(
            writer,
            witnesses: asMember ? [] : witnesses,
            members: { asMember ? witnesses : [] },
            stamper: stamper,
            client: witness,
            clock: { [clock] in clock.now },
            tell: { [told] in told.add($0) }
        )
    }

    private func time(_ publisher: RecordPublisher) throws -> Timestamp? {
        try publisher.checkpoint?.time(witnessedBy: witness.key)
    }

    @Test func `what is published has the witness's signature, and so have proofs`() async throws {
        let writer = record.open()
        let publisher = try publisher(writer)
        for size in [0, 1, 300, 700] {
            try await writer.fill(size - writer.size)
            let signed = try await publisher.publish()
            #expect(signed.checkpoint.size == size)
            #expect(try time(publisher) == WitnessDouble.moment)
        }
        #expect(publisher.witnessStatuses.map(\.size) == [700])
        // Nothing is new: nobody is asked.
        let asked = witness.asked
        try await publisher.publish()
        #expect(witness.asked == asked)
        // A proof of what was not published yet is witnessed, too.
        let entry = try await writer.append(.read(0..<2))
        let verifier = ProofVerifier(keys: [record.signer.key, witness.key])
        let proof = try await publisher.proof(of: entry)
        let verified = try verifier.verify(TransparencyProof(proof.text))
        #expect(verified.witnesses.map(\.name) == [witness.key.name])
        await writer.close()
        // The signature is kept with the checkpoint.
        let again = record.open()
        #expect(try self.publisher(again).checkpoint == publisher.checkpoint)
        await again.close()
    }

    @Test func `a witness that is away holds nothing up, and is asked again after pauses`()
        async throws
    {
        let writer = record.open()
        let publisher = try publisher(writer)
        witness.fails = true
        for round in 0..<3 {
            _ = try await writer.append(.read())
            #expect(try await publisher.publish().checkpoint.size == round + 1)
            #expect(try time(publisher) == nil)
        }
        #expect(witness.asked == 1)
        #expect(told.texts.count == 1)
        clock.advance(by: 11)
        try await publisher.publish()
        clock.advance(by: 11)
        try await publisher.publish()
        #expect(witness.asked == 2)
        #expect(publisher.witnessStatuses.map(\.failures) == [2])
        // A clock that went back ends the pause, too.
        clock.advance(by: -1_000_000)
        witness.fails = false
        try await publisher.publish()
        #expect(try time(publisher) == WitnessDouble.moment)
        #expect(publisher.witnessStatuses.first?.failure == nil)
        #expect(told.texts.count == 2 && writer.state == .sound)
        await writer.close()
    }

    @Test func `many who publish at once get what they ask for`() async throws {
        let writer = record.open()
        let publisher = try publisher(writer)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    let entry = try await writer.append(.read())
                    let proof = try await publisher.proof(of: entry)
                    #expect(proof.checkpoint.checkpoint.size > entry)
                    #expect(try proof.checkpoint.time(witnessedBy: witness.key) != nil)
                }
            }
            try await group.waitForAll()
        }
        await writer.close()
    }

    @Test func `a record that went back to a backup of all its files is found by its witness`()
        async throws
    {
        let writer = record.open()
        try await writer.fill(100)
        try await publisher(writer).publish()
        await writer.close()
        let backup = Folder()
        try copyFiles(of: record.folder, to: backup)
        let later = record.open()
        try await later.fill(50)
        try await publisher(later).publish()
        await later.close()

        for (more, note) in [(0, "150 entries"), (50, "other"), (90, "other")] {
            let copy = Folder()
            try copyFiles(of: backup, to: copy)
            let signer = record.signer
            let opening = SQLiteRecordStore.open(folder: copy.path, key: signer.key)
            let old = RecordWriter(opening, signer: signer)
            // It is sound in itself.
            #expect(old.state == .sound)
            try await old.fill(more, .read(0..<1))
            let publisher = try publisher(old)
            try await publisher.publish()
            #expect(old.isDamaged, "with \(more) more entries")
            #expect(publisher.witnessStatuses.first?.failure?.contains(note) == true)
            await #expect(throws: RecordError(.damaged, "")) { try await old.append(.read()) }
            await old.close()
            // It is so after a restart, whether the witness is there or not.
            let again = SQLiteRecordStore.open(folder: copy.path, key: signer.key)
            again.store?.close()
            guard case .damaged(let told) = again.state else {
                Issue.record("with \(more) more entries it is forgotten")
                continue
            }
            #expect(told.contains(witness.key.name) && told.contains(note), "\(told)")
            // Whoever has looked into it ends that by removing the file.
            try FileManager.default.removeItem(atPath: copy.path + "/record.damage")
            let mended = SQLiteRecordStore.open(folder: copy.path, key: signer.key)
            mended.store?.close()
            #expect(mended.state == .sound)
        }
    }

    private func copyFiles(of old: Folder, to new: Folder) throws {
        let files = FileManager.default
        for name in try files.contentsOfDirectory(atPath: old.path) {
            try files.copyItem(atPath: "\(old.path)/\(name)", toPath: "\(new.path)/\(name)")
        }
    }

    @Test func `a hub of the network that speaks against the record has to show why`() async throws
    {
        let writer = record.open()
        let publisher = try publisher(writer, asMember: true)
        try await writer.fill(3)
        try await publisher.publish()
        #expect(try time(publisher) == WitnessDouble.moment)
        // It says that it has signed more, or others, and shows what it has signed: all of that is the record's.
        for reply in [WitnessReply.conflict(9), .conflict(4), .notConsistent] {
            witness.replies { _ in reply }
            clock.advance(by: 400)
            try await writer.fill(1)
            try await publisher.publish()
            #expect(writer.state == .sound, "\(reply)")
            let failure = publisher.witnessStatuses.first?.failure
            #expect(failure?.contains("does not show it") == true, "\(reply): \(failure ?? "")")
        }
        // Nor does it count what another key has signed in the record's name.
        let other = try #require(NoteSigner(name: writer.key.name, purpose: .note))
        let forged = Checkpoint(origin: other.key.name, size: 900, root: .leaf([1]))
        witness.shows(try SignedCheckpoint(forged, by: other))
        clock.advance(by: 400)
        try await writer.fill(1)
        try await publisher.publish()
        #expect(writer.state == .sound)
        // It does where the record's key has signed it.
        witness.shows(try SignedCheckpoint(forged, by: record.signer))
        clock.advance(by: 400)
        try await writer.fill(1)
        try await publisher.publish()
        guard case .damaged(let note) = writer.state else {
            Issue.record("\(writer.state)")
            return
        }
        #expect(note.contains(witness.key.name))
        await writer.close()
    }

    @Test func `what others follow is stamped every few seconds, and no stamp is taken back`()
        async throws
    {
        let stamper = try #require(NoteSigner(name: "city.example/stamp", purpose: .cosignature))
        var writer = record.open()
        var publisher = try publisher(writer, stamper: stamper)
        func stamp() throws -> Int64? {
            try publisher.checkpoint?.time(witnessedBy: stamper.key)
                .map { ($0.microseconds - SetClock.beginning) / 1_000_000 }
        }
        // Seconds on, entries more, the stamp.
        for (seconds, entries, expected) in [
            (0, 2, 0), (4, 0, 0), (4, 1, 8), (9, 0, 8), (1, 0, 18), (-15, 1, 18), (-900, 1, 18),
        ] as [(Int64, Int, Int64)] {
            clock.advance(by: seconds)
            try await writer.fill(entries)
            try await publisher.publish()
            #expect(try stamp() == expected, "after \(seconds) s")
            #expect(try time(publisher) == WitnessDouble.moment)
        }
        // The next run knows the last stamp.
        await writer.close()
        writer = record.open()
        publisher = try self.publisher(writer, stamper: stamper)
        try await writer.fill(1)
        try await publisher.publish()
        #expect(try stamp() == 18)
        await writer.close()
    }

    /// Others find it out by that: the record shows less than it has stamped before.
    @Test func `a record that was found to be damaged is stamped on`() async throws {
        let stamper = try #require(NoteSigner(name: "city.example/stamp", purpose: .cosignature))
        let writer = record.open()
        try await writer.fill(3)
        try await publisher(writer, stamper: stamper).publish()
        await writer.close()
        let backup = Folder()
        try copyFiles(of: record.folder, to: backup)
        let later = record.open()
        try await later.fill(2)
        try await publisher(later, stamper: stamper).publish()
        await later.close()

        let opening = SQLiteRecordStore.open(folder: backup.path, key: record.signer.key)
        let old = RecordWriter(opening, signer: record.signer)
        let publisher = try publisher(old, stamper: stamper)
        try await publisher.publish()
        #expect(old.isDamaged)
        clock.advance(by: 11)
        await #expect(throws: RecordError(.damaged, "")) { try await publisher.publish() }
        let shown = try #require(publisher.checkpoint)
        #expect(shown.checkpoint.size == 3)
        #expect(try shown.time(witnessedBy: stamper.key) == clock.now)
        await old.close()
    }

    @Test func `a witness signs after a restart where it had left off, and not when it forgot`()
        async throws
    {
        let writer = record.open()
        let publisher = try publisher(writer)
        _ = try await writer.append(.read())
        try await publisher.publish()
        witness.restart()
        _ = try await writer.append(.read())
        try await publisher.publish()
        #expect(try time(publisher) != nil)
        try witness.damage()
        _ = try await writer.append(.read())
        try await publisher.publish()
        #expect(try time(publisher) == nil)
        #expect(writer.state == .sound)
        await writer.close()
    }

    @Test func `a signature by another key, or under another checkpoint, is not kept`()
        async throws
    {
        let writer = record.open()
        let publisher = try publisher(writer)
        let other = try #require(NoteSigner(name: witness.key.name, purpose: .cosignature))
        let another = Witness(signer: other, records: [record.signer.key])
        witness.replies { question in
            guard
                case .signed(let line) = try another.answer(
                    question,
                    latest: nil,
                    at: WitnessDouble.moment
                )
            else { return .refused("no") }
            return .signed([line])
        }
        try await publisher.publish()
        #expect(publisher.checkpoint?.note.signatures.count == 1)
        #expect(publisher.witnessStatuses.map(\.failures) == [1])
        await writer.close()
    }
}

/// A witness in this process, with files of its own.
private final class WitnessDouble: WitnessClient {
    static let moment = Timestamp(microseconds: 1_769_846_401_000_000)
    typealias Reply = @Sendable (AddCheckpoint) throws -> WitnessReply

    private let folder = Folder()
    private let signer: NoteSigner
    private let watched: NoteKey
    private struct State {
        var desk: WitnessDesk
        var fails = false
        var asked = 0
        var reply: Reply?
        var shown: SignedCheckpoint?
    }
    private let state: Mutex<State>
    var key: NoteKey { signer.key }

    init(of record: NoteKey) throws {
        signer = try #require(NoteSigner(name: "witness.example/w", purpose: .cosignature))
        watched = record
        let desk = WitnessDesk(
            Witness(signer: signer, records: [record]),
            WitnessedFiles(in: folder.path)
        )
        state = Mutex(State(desk: desk))
    }

    var asked: Int { state.withLock(\.asked) }
    var fails: Bool {
        get { state.withLock(\.fails) }
        set { state.withLock { $0.fails = newValue } }
    }

    func replies(_ reply: @escaping Reply) { state.withLock { $0.reply = reply } }

    /// It shows this as the newest checkpoint that it has seen.
    func shows(_ note: SignedCheckpoint) { state.withLock { $0.shown = note } }

    func newest(
        of record: NoteKey,
        seenBy witness: AskedWitness
    ) async throws -> SignedCheckpoint {
        let (desk, shown) = state.withLock { ($0.desk, $0.shown) }
        let kept = try await desk.newest(of: record)
        return try #require(shown ?? kept)
    }

    func restart() {
        let desk = WitnessDesk(
            Witness(signer: signer, records: [watched]),
            WitnessedFiles(in: folder.path)
        )
        state.withLock { $0.desk = desk }
    }

    /// Its files are damaged.
    func damage() throws {
        let path = folder.path + "/witnessed"
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            try "?".write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
        }
    }

    func ask(_ question: AddCheckpoint, of witness: AskedWitness) async throws -> WitnessReply {
        let (desk, fails, reply) = state.withLock { state in
            state.asked += 1
            return (state.desk, state.fails, state.reply)
        }
        if fails { throw CocoaError(.fileNoSuchFile) }
        if let reply { return try reply(question) }
        switch try await desk.answer(AddCheckpoint(question.text), at: Self.moment) {
        case .signed(let line): return .signed([line])
        case .conflict(let size): return .conflict(size)
        case .notConsistent: return .notConsistent
        case let other: return .refused("\(other)")
        }
    }
}

private final class SetClock: Sendable {
    static let beginning: Int64 = 1_769_846_400_000_000
    private let moment = Mutex(Timestamp(microseconds: beginning))
    var now: Timestamp { moment.withLock { $0 } }
    func advance(by seconds: Int64) {
        moment.withLock { $0 = Timestamp(microseconds: $0.microseconds + seconds * 1_000_000) }
    }
}

private final class Told: Sendable {
    private let kept = Mutex<[String]>([])
    var texts: [String] { kept.withLock { $0 } }
    func add(_ text: String) { kept.withLock { $0.append(text) } }
}
