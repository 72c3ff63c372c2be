import Chance
import ContextModel
import Record
import Testing

@testable import StorageSQLite

@Suite struct SQLiteRecordStoreTests {
    @Test func `a record that was closed twice refuses all changes, and harms no memory`()
        async throws
    {
        let record = try RecordFolder()
        let writer = record.open()
        _ = try await writer.append(.read(0..<2))
        await writer.close()
        await writer.close()
        let closed = RecordError(.closed, "")
        await #expect(throws: closed) { try await writer.append(.read(0..<1)) }
        await #expect(throws: closed) { try await writer.signCheckpoint() }
        await #expect(throws: closed) {
            try await writer.removeReads(of: "urn:person:0", tenant: nil)
        }
    }

    @Test func `entries of many callers get the numbers from zero on, each once`() async throws {
        let record = try RecordFolder()
        let writer = record.open()
        #expect(writer.state == .sound)
        let numbers = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<700 { group.addTask { try await writer.append(.read(1..<3)) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(numbers.sorted() == Array(0..<700))
        #expect(writer.size == 700)
        try await writer.finish()
        await #expect(throws: RecordError(.closed, "")) { try await writer.append(.read()) }

        let again = record.open()
        #expect(again.state == .sound)
        #expect(again.size == 700)
        #expect(again.checkpoint?.checkpoint.size == 700)
        #expect(try await again.append(.read()) == 700)
        await again.close()
    }

    @Test func `tiles and bundles are those of the signed tree`() async throws {
        let record = try RecordFolder()
        let writer = record.open()
        #expect(writer.checkpoint == nil)
        try await writer.fill(600)
        // The tree was signed when it was empty, and has no tiles for others yet.
        #expect(writer.checkpoint?.checkpoint.size == 0)
        #expect(try await writer.bytes(of: Tile(.entries, index: 0)) == nil)
        let signed = try await writer.signCheckpoint()
        try signed.verify(by: record.signer.key)

        var leaves: [TreeHash] = []
        for (index, width) in [256, 256, 88].enumerated() {
            let bundle = try await writer.bytes(of: Tile(.entries, index: index, width: width))
            let entries = try #require(bundle.flatMap(EntryBundle.entries))
            let tile = Tile(.hashes(level: 0), index: index, width: width)
            let hashes = try await writer.bytes(of: tile).flatMap { TreeHash.hashes(in: $0) }
            #expect(hashes == entries.map(TreeHash.leaf))
            leaves += hashes ?? []
        }
        #expect(leaves.count == 600)
        #expect(SmallTree(leaves).root == signed.checkpoint.root)
        let above = try await writer.bytes(of: Tile(.hashes(level: 1), index: 0, width: 2))
        let roots = [
            SmallTree(Array(leaves[..<256])).root, SmallTree(Array(leaves[256..<512])).root,
        ]
        #expect(above == TreeHash.bytes(of: roots))
        #expect(try await writer.bytes(of: Tile(.entries, index: 2, width: 89)) == nil)
        #expect(try await writer.bytes(of: Tile(.hashes(level: 2), index: 0, width: 1)) == nil)
        #expect(try await writer.bytes(of: Tile(.entries, index: 2, width: 7))?.isEmpty == false)
        await writer.close()
    }

    @Test func `each of a thousand persons of an entry can prove their part of it`() async throws {
        let record = try RecordFolder()
        let witness = try #require(NoteSigner(name: "witness.example", purpose: .cosignature))
        let writer = record.open()
        try await writer.fill(300)
        let entry = try await writer.append(.read(0..<1_000))
        try await writer.signCheckpoint()
        // A witness signs, and the signature is kept with the checkpoint, also over a restart.
        let question = try #require(try await writer.question(toWitnessAt: 0))
        let answer = try Witness(signer: witness, records: [record.signer.key])
            .answer(AddCheckpoint(question.text), latest: nil, at: RecordDraft.moment)
        guard case .signed(let signature) = answer else {
            Issue.record("The witness answered \(answer).")
            return
        }
        try await writer.add(
            [(witness.key, [signature])],
            size: question.checkpoint.checkpoint.size
        )
        await writer.close()

        let again = record.open()
        let verifier = ProofVerifier(keys: [record.signer.key, witness.key])
        for person in [0, 1, 500, 999] {
            let query = OpeningQuery(of: "urn:person:\(person)", tenant: nil, limit: 10)
            let kept = try await again.openings(query)
            #expect(kept.map(\.entry) == [entry])
            let proof = try await again.proof(of: entry, opening: kept.first)
            let verified = try verifier.verify(TransparencyProof(proof.text))
            #expect(verified.index == entry)
            #expect(verified.opening?.subject == "urn:person:\(person)")
            // The file of one person names no other.
            let others = proof.text.contains("urn:person:\(person + 1)")
            #expect(!others)
        }
        let plain = try verifier.verify(try await again.proof(of: 7))
        #expect(plain.opening == nil)
        await #expect(throws: RecordError(.notFound, "")) { try await again.proof(of: 301) }
        await #expect(throws: RecordError(.notFound, "")) { try await again.proof(of: -1) }
        await again.close()
    }

    @Test func `proofs are given while the last tile fills`() async throws {
        let record = try RecordFolder()
        let writer = record.open()
        let verifier = ProofVerifier(keys: [record.signer.key])
        try await writer.fill(1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask { for _ in 0..<300 { _ = try await writer.append(.read(1..<2)) } }
            }
            group.addTask {
                while writer.size < 1_200 {
                    let proof = try await writer.proof(of: writer.size - 1)
                    _ = try verifier.verify(proof)
                }
            }
            try await group.waitForAll()
        }
        #expect(writer.state == .sound && writer.size == 1_201)
        await writer.close()
    }

    @Test func `a record of an older hub goes on`() async throws {
        let record = try RecordFolder()
        let writer = record.open()
        try await writer.fill(300, .read(1..<2))
        try await writer.finish()
        // It kept the hashes of entries that fill no tile, and single commitments.
        let database = try Connection(path: record.path("record.sqlite"), access: .readWrite)
        try database.execute(
            """
            INSERT INTO tile VALUES (1, zeroblob(32 * 44));
            DROP TABLE opening_of_person; DROP TABLE indexed_openings;
            CREATE INDEX opening_subject ON opening (subject, tenant, key);
            DELETE FROM grdb_migrations WHERE identifier > '1'; PRAGMA user_version = 1
            """
        )
        let again = record.open(openingsInRun: 100)
        #expect(again.state == .sound && again.size == 300)
        try await again.fill(300, .read(1..<2))
        let openings = try await again.openings(
            OpeningQuery(of: "urn:person:1", tenant: nil, limit: 1_000)
        )
        #expect(openings.map(\.entry) == Array((0..<600).reversed()))
        let verified = try ProofVerifier(keys: [record.signer.key])
            .verify(try await again.proof(of: 599))
        #expect(verified.index == 599)
        await again.close()
    }

    @Test func `a proof of an entry that is not signed yet signs it`() async throws {
        let record = try RecordFolder()
        let writer = record.open()
        let entry = try await writer.append(.read(1..<2))
        let proof = try await writer.proof(of: entry)
        #expect(proof.checkpoint.checkpoint.size == 1)
        #expect(throws: Never.self) {
            try ProofVerifier(keys: [record.signer.key]).verify(proof)
        }
        await writer.close()
    }

    @Test func `openings are found by person and tenant, the newest first`() async throws {
        let record = try RecordFolder()
        let writer = record.open()
        for _ in 0..<5 {
            _ = try await writer.append(.read(1..<4))
            _ = try await writer.append(.read(1..<2, tenant: "north"))
        }
        func entries(_ query: OpeningQuery) async throws -> [Int] {
            try await writer.openings(query).map(\.entry)
        }
        let one = "urn:person:1"
        #expect(
            try await entries(OpeningQuery(of: one, tenant: nil, limit: 10)) == [8, 6, 4, 2, 0]
        )
        #expect(try await entries(OpeningQuery(of: one, tenant: nil, limit: 2)) == [8, 6])
        let before = OpeningQuery(of: one, tenant: nil, in: 2..<6, limit: 10)
        #expect(try await entries(before) == [4, 2])
        let north = OpeningQuery(of: one, tenant: "north", limit: 10)
        #expect(try await entries(north) == [9, 7, 5, 3, 1])
        #expect(try await entries(OpeningQuery(of: "urn:person:9", tenant: nil, limit: 1)) == [])
        let kept = try #require(try await writer.openings(north).first)
        #expect(try Opening(kept.bytes).tenant == "north")
        await writer.close()
    }

    /// Openings go into the index in runs: they are found before, while and after they do.
    @Test(arguments: [1, 3, 50, 10_000]) func `openings are found wherever they are`(
        inRun: Int
    ) async throws {
        let record = try RecordFolder()
        var writer = record.open(openingsInRun: inRun)
        var expected: [Int: [Int]] = [:]
        var chance = SeededGenerator(seed: UInt64(inRun))
        for entry in 0..<150 {
            let persons = Int.random(in: 0..<4, using: &chance)..<4
            #expect(try await writer.append(.read(persons)) == entry)
            for person in persons { expected[person, default: []].insert(entry, at: 0) }
            if entry % 40 == 39 {
                await writer.close()
                writer = record.open(openingsInRun: inRun)
            }
            let person = Int.random(in: 0..<5, using: &chance)
            for (range, limit) in [(0..<Int.max, 1_000), (entry / 2..<entry, 3)] {
                let found = try await writer.openings(
                    OpeningQuery(of: "urn:person:\(person)", tenant: nil, in: range, limit: limit)
                )
                let wanted = expected[person, default: []].filter(range.contains).prefix(limit)
                #expect(found.map(\.entry) == Array(wanted))
            }
        }
        #expect(try await writer.removeReads(of: "urn:person:3", tenant: nil) == 150)
        for person in 0..<4 {
            let query = OpeningQuery(of: "urn:person:\(person)", tenant: nil, limit: 1_000)
            let found = try await writer.openings(query).map(\.entry)
            #expect(found == (person == 3 ? [] : expected[person, default: []]))
        }
        await writer.close()
    }

    @Test func `what reads say of a person can be removed, and nobody else's proofs change`()
        async throws
    {
        let record = try RecordFolder()
        let writer = record.open()
        let entry = try await writer.append(.read(0..<5))
        _ = try await writer.append(.read(1..<2, tenant: "north"))
        // What the person chose is in force, and stays.
        let opening = Opening(
            subject: "urn:person:1",
            party: "urn:clinic",
            time: RecordDraft.moment,
            details: ["choice": "object"]
        )
        let choice = try await writer.append(
            RecordDraft(.choice, time: RecordDraft.moment, state: 0, openings: [opening])
        )
        #expect(try await writer.removeReads(of: "urn:person:1", tenant: nil) == 1)
        #expect(try await writer.removeReads(of: "urn:person:1", tenant: nil) == 0)
        func kept(_ person: Int, _ tenant: String? = nil) async throws -> KeptOpening? {
            let query = OpeningQuery(of: "urn:person:\(person)", tenant: tenant, limit: 1)
            return try await writer.openings(query).first
        }
        #expect(try await kept(1)?.entry == choice)
        #expect(try await kept(1, "north") != nil)
        for person in [0, 2, 3, 4] {
            let opening = try #require(try await kept(person))
            let proof = try await writer.proof(of: entry, opening: opening)
            let verified = try ProofVerifier(keys: [record.signer.key]).verify(proof)
            #expect(verified.opening?.subject == "urn:person:\(person)")
        }
        try await writer.finish()
        #expect(record.open().state == .sound)
    }
}
