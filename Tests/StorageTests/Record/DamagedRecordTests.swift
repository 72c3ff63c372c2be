import Foundation
import Glibc
import Record
import Storage
import Testing

@testable import StorageSQLite

/// A record that was cut, edited or rolled back is found when it is opened.
@Suite struct DamagedRecordTests {
    /// What somebody does to the files of a hub that does not run.
    struct Attack: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var sql: String
    }

    static let attacks = [
        Attack(
            testDescription: "the newest entries are cut off",
            sql: "DELETE FROM entry WHERE number >= 690"
        ),
        Attack(
            testDescription: "the newest entries and their hashes are cut off",
            sql: """
                DELETE FROM entry WHERE number >= 512; DELETE FROM tile WHERE key = 2;
                UPDATE tile SET hashes = substr(hashes, 1, 64) WHERE key >> 48 = 1
                """
        ),
        Attack(testDescription: "an entry is deleted", sql: "DELETE FROM entry WHERE number = 300"),
        Attack(
            testDescription: "an entry is edited",
            sql: "UPDATE entry SET body = replace(body, 'read', 'read ') WHERE number = 3"
        ),
        Attack(
            testDescription: "entries are swapped",
            sql: """
                UPDATE entry SET number = -1 WHERE number = 3;
                UPDATE entry SET number = 3 WHERE number = 4;
                UPDATE entry SET number = 4 WHERE number = -1
                """
        ),
        Attack(
            testDescription: "a hash of a full tile is edited",
            sql: "UPDATE tile SET hashes = zeroblob(8192) WHERE key = 1"
        ),
        Attack(
            testDescription: "a hash at the edge is edited",
            sql: "UPDATE tile SET hashes = zeroblob(length(hashes)) WHERE key >> 48 = 1"
        ),
        Attack(testDescription: "a tile is deleted", sql: "DELETE FROM tile WHERE key = 0"),
        Attack(testDescription: "all is emptied", sql: "DELETE FROM entry; DELETE FROM tile"),
        Attack(testDescription: "a table is dropped", sql: "DROP TABLE entry"),
    ]

    /// A record of 700 entries, closed.
    private func record() async throws -> RecordFolder {
        let record = try RecordFolder()
        let writer = record.open()
        try await writer.fill(700, .read(0..<2))
        try await writer.finish()
        return record
    }

    private func expectRefusal(_ record: RecordFolder, _ comment: Comment? = nil) async {
        let writer = record.open()
        #expect(writer.isDamaged, comment)
        await #expect(throws: RecordError(.damaged, "")) { try await writer.append(.read()) }
        await #expect(throws: RecordError(.damaged, "")) { try await writer.signCheckpoint() }
        await writer.close()
    }

    @Test(arguments: attacks) func `what was changed in the database is found`(
        attack: Attack
    )
        async throws
    {
        let record = try await record()
        let database = try Connection(path: record.path("record.sqlite"), access: .readWrite)
        try database.execute(attack.sql)
        await expectRefusal(record)
    }

    /// Whoever knows how the tree is made: what is above the hash does not fit, or the signed root.
    @Test(arguments: [3, 690]) func `an entry that was edited with its hash is found`(
        number: Int
    ) async throws {
        let record = try await record()
        let database = try Connection(path: record.path("record.sqlite"), access: .readWrite)
        let select = try database.prepare("SELECT hashes FROM tile WHERE key = ?1")
        let (tile, place) = number.quotientAndRemainder(dividingBy: Tile.fullWidth)
        let entry = RecordEntry(.read, time: RecordDraft.moment, state: 1).bytes
        try database.prepare("UPDATE entry SET body = ?2 WHERE number = ?1")
            .bind(1, Int64(number)).bind(2, entry).run()
        // The last entries, which fill no tile, have no hashes but their own.
        let isKept = try select.bind(1, Int64(tile)).step()
        #expect(isKept == (number < 512))
        guard isKept else { return await expectRefusal(record) }
        var hashes = try #require(TreeHash.hashes(in: select.bytes(0)))
        select.reset()
        hashes[place] = .leaf(entry)
        try database.prepare("UPDATE tile SET hashes = ?2 WHERE key = ?1")
            .bind(1, Int64(tile)).bind(2, TreeHash.bytes(of: hashes)).run()
        await expectRefusal(record)
    }

    @Test func `a record that nobody touched is sound`() async throws {
        let writer = try await record().open()
        #expect(writer.state == .sound)
        try await writer.checkAll()
        #expect(writer.state == .sound)
        await writer.close()
    }

    @Test func `a restored backup of the database is found`() async throws {
        let record = try await record()
        let backup = try Connection(path: record.path("record.sqlite"), access: .readOnly)
        try backup.execute("VACUUM INTO '\(record.path("backup"))'")
        let writer = record.open()
        _ = try await writer.append(.read())
        try await writer.finish()
        #expect(rename(record.path("backup"), record.path("record.sqlite")) == 0)
        for file in ["record.sqlite-wal", "record.sqlite-shm"] { unlink(record.path(file)) }
        await expectRefusal(record)
    }

    @Test(arguments: ["record.sqlite", "record.checkpoint"])
    func `a file that is missing, empty or no such file is found`(file: String) async throws {
        for content in [nil, "", "something else\n"] {
            let record = try await record()
            unlink(record.path(file))
            if let content {
                let descriptor = open(record.path(file), O_WRONLY | O_CREAT, 0o600)
                #expect(write(descriptor, content, content.utf8.count) == content.utf8.count)
                close(descriptor)
            }
            await expectRefusal(record, "\(content ?? "missing")")
        }
    }

    @Test func `a database that is cut off is found`() async throws {
        let record = try await record()
        #expect(truncate(record.path("record.sqlite"), 20_000) == 0)
        await expectRefusal(record)
    }

    @Test func `a checkpoint by another key is found`() async throws {
        let record = try await record()
        let other = try #require(NoteSigner(name: "city.example/hub", purpose: .note))
        let opening = SQLiteRecordStore.open(folder: record.folder.path, key: other.key)
        #expect(RecordWriter(opening, signer: other).isDamaged)
    }

    /// More entries than a start looks at.
    @Test func `an old entry that was edited is found by the check of all of it`() async throws {
        let record = try RecordFolder()
        let opening = SQLiteRecordStore.open(folder: record.folder.path, key: record.signer.key)
        let store = try #require(opening.store)
        var chance = SystemRandomNumberGenerator()
        let entry = try PreparedEntry(.read(), using: &chance)
        for _ in 0..<66 {
            _ = try store.append(Array(repeating: entry, count: 1_024), leaving: 0)
        }
        try await RecordWriter(opening, signer: record.signer).finish()
        let database = try Connection(path: record.path("record.sqlite"), access: .readWrite)
        try database.execute("UPDATE entry SET body = x'7b7d' WHERE number = 5")

        for finds in [
            // No proof is given of what was not signed.
            { @Sendable (writer: RecordWriter) async throws in
                await #expect(throws: RecordError(.damaged, "")) { try await writer.proof(of: 5) }
            },
            { @Sendable writer in try await writer.checkAll() },
        ] {
            let writer = record.open()
            #expect(writer.state == .sound)
            try await finds(writer)
            #expect(writer.isDamaged)
            await writer.close()
            // The next start would know it from there.
            try FileManager.default.removeItem(atPath: record.path("record.damage"))
        }
    }
}
