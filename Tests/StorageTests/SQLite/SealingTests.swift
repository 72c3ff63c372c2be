import ContextModel
import Governance
import Storage
import Testing

@testable import StorageSQLite

/// Sealed histories answer as unsealed ones do.
///
/// Segments of eight instances are enough to test this.
@Suite struct SealingTests {
    private static let small = SealingLimits(
        segment: 8,
        smallestSegment: 3,
        newestRows: 4,
        rowsMet: 12
    )
    private static let never = SealingLimits(
        segment: 8,
        smallestSegment: 3,
        newestRows: 4,
        rowsMet: .max
    )

    private func open(_ folder: Folder, _ limits: SealingLimits) throws -> SQLiteStore {
        try SQLiteStore(folder: folder.path, sealing: limits) {
            withExtendedLifetime(folder) { seconds(0) }
        }
    }

    private func number(_ sql: String, in folder: Folder) throws -> Int64 {
        try Connection(path: "\(folder.path)/hub.sqlite", access: .readOnly).number(sql)
    }

    /// Reads everything, so that the store notices that the series is long, and seals it.
    private func seal(_ tenant: any TenantStore) async throws {
        _ = try await tenant.evolutions(HistoryQueries.all, grant: Grants.read())
        try await #require(tenant as? SQLiteTenantStore).sealer.sealHistory()
    }

    @Test func `segments of large instances have fewer of them`() async throws {
        let folder = Folder()
        let limits = SealingLimits(segment: 256, smallestSegment: 32, newestRows: 4, rowsMet: 99)
        let store = try open(folder, limits)
        let tenant = try await store.makeTenant(nil)
        let text = JSONValue.string(String(repeating: "x", count: Limits.sealedBytes / 10))
        let small = (0..<300).map { Attribute.reading(1, at: $0) }
        let large = (300..<500).map { Attribute.reading(text, at: $0) }
        try await tenant.append("a", .speed, small + large)
        try await seal(tenant)
        let most = try number("SELECT max(length(body)) FROM segment", in: folder)
        #expect(most > Int64(Limits.sealedBytes) && most < Int64(Limits.sealedBytes) * 6 / 5)
        #expect(try number("SELECT max(count) FROM segment", in: folder) == 256)
        let query = TemporalQuery(condition: .everything, instanceLimit: 1_000, limit: 1)
        let page = try await tenant.evolutions(query, grant: Grants.read())
        let values = page.evolutions.first?.attributes.first?.instances.map(\.value)
        #expect(values == (small + large).map(\.value))
        await store.close()
    }

    // MARK: Sealed and not sealed

    @Test(arguments: 0..<12)
    func `sealed history answers every question as rows do, after any changes`(
        seed: UInt64
    ) async throws {
        var dice = SeededDice(seed)
        let folders = (Folder(), Folder())
        let stores = (try open(folders.0, Self.small), try open(folders.1, Self.never))
        let sealed = try await stores.0.makeTenant(nil)
        let rows = try await stores.1.makeTenant(nil)
        let start = HistoryChange.append(.speed, (0..<60).map { _ in .random(&dice) })
        for change in [start] + (0..<6).map({ _ in HistoryChange.random(&dice) }) {
            try await change.apply(to: sealed)
            try await change.apply(to: rows)
            try await seal(sealed)
            for query in HistoryQueries.random(&dice) {
                let answer = try await sealed.evolutions(query, grant: Grants.read())
                let expected = try await rows.evolutions(query, grant: Grants.read())
                try #require(answer.text == expected.text, "seed \(seed): \(change), \(query)")
            }
        }
        let made = "SELECT coalesce(max(number), 0) FROM segment"
        #expect(try number(made, in: folders.0) > 0)
        #expect(try number(made, in: folders.1) == 0)
        await stores.0.close()
        await stores.1.close()
    }

    @Test func `old rows become segments, and the newest stay rows`() async throws {
        let folder = Folder()
        let store = try open(folder, Self.small)
        let tenant = try await store.makeTenant(nil)
        try await tenant.append("a", .speed, (0..<30).map { .reading(1, at: $0) })
        try await seal(tenant)
        #expect(try number("SELECT count(*) FROM segment", in: folder) == 3)
        #expect(try number("SELECT sum(count) FROM segment", in: folder) == 24)
        #expect(try number("SELECT count(*) FROM history", in: folder) == 6)
        await store.close()
    }

    @Test func `a short series is not sealed`() async throws {
        let folder = Folder()
        let store = try open(folder, Self.small)
        let tenant = try await store.makeTenant(nil)
        try await tenant.append("a", .speed, (0..<12).map { .reading(1, at: $0) })
        try await seal(tenant)
        #expect(try number("SELECT count(*) FROM segment", in: folder) == 0)
        await store.close()
    }

    @Test func `a repeated import opens no segment`() async throws {
        let folder = Folder()
        let store = try open(folder, Self.small)
        let tenant = try await store.makeTenant(nil)
        let readings = (0..<30).map { Attribute.reading(.number(JSONNumber($0)), at: $0) }
        try await tenant.append("a", .speed, readings)
        try await seal(tenant)
        try await tenant.append("a", .speed, readings)
        try await seal(tenant)
        #expect(try number("SELECT sum(count) FROM segment", in: folder) == 24)
        try await tenant.append("a", .speed, [.reading("late", at: 9)])
        #expect(try number("SELECT sum(count) FROM segment", in: folder) == 16)
        try await seal(tenant)
        #expect(try number("SELECT sum(count) FROM segment", in: folder) == 25)
        await store.close()
    }

    @Test func `instances of one moment stay together`() async throws {
        let folder = Folder()
        let store = try open(folder, Self.small)
        let tenant = try await store.makeTenant(nil)
        let same = (0..<20).map { Attribute.reading(.number(JSONNumber($0)), at: 0) }
        try await tenant.append("a", .speed, same + (1..<6).map { .reading(1, at: $0) })
        try await seal(tenant)
        #expect(try number("SELECT max(count) FROM segment", in: folder) == 20)
        await store.close()
    }

    @Test(arguments: [Int64.min, -1, 0, .max - 1, .max])
    func `an identifier of a moment without an instance finds nothing`(
        moment: Int64
    ) async throws {
        let folder = Folder()
        let store = try open(folder, Self.small)
        let tenant = try await store.makeTenant(nil)
        try await tenant.append("a", .speed, (1..<31).map { .reading(1, at: $0) })
        try await seal(tenant)
        let page = try await tenant.evolutions(HistoryQueries.all, grant: Grants.read())
        let known = page.evolutions.first?.attributes.first?.instances.first?.details?.instanceID
        var parts = try #require(known).split(separator: "-").map(String.init)
        parts[parts.count - 2] = String(UInt64(bitPattern: moment), radix: 36)
        let name = parts.joined(separator: "-")
        let id = EntityID("urn:a")
        let found = try await tenant.transact { transaction in
            let isRemoved = try transaction.removeHistory(id, .instance(.speed, instanceID: name))
            let isChanged = try transaction.modifyHistory(
                id,
                name: .speed,
                instanceID: name,
                .reading(2, at: 1)
            )
            return isRemoved || isChanged
        }
        #expect(!found)
        let after = try await tenant.evolutions(HistoryQueries.all, grant: Grants.read())
        #expect(after.text == page.text)
        await store.close()
    }

    // MARK: From version 1

    @Test func `a file of version 1 opens with its history and outbox, and is sealed`() async throws
    {
        let folder = Folder()
        do {
            let store = try open(folder, Self.never)
            let tenant = try await store.makeTenant(nil)
            try await tenant.append("a", .speed, (0..<30).map { .reading(1, at: $0) })
            _ = try await tenant.enqueue(2)
            await store.close()
            let file = try Connection(path: "\(folder.path)/hub.sqlite", access: .readWrite)
            try file.execute(
                """
                DROP TABLE segment; DROP TABLE past; DROP TABLE removed_history; DROP TABLE feed;
                DROP TABLE outbox_lease; DROP INDEX outbox_unclaimed;
                ALTER TABLE outbox DROP COLUMN term;
                DROP INDEX document_owner; ALTER TABLE document DROP COLUMN owner;
                CREATE INDEX outbox_subscription ON outbox (subscription, sequence);
                CREATE INDEX outbox_enqueued ON outbox (enqueued);
                DELETE FROM grdb_migrations WHERE identifier > '1';
                PRAGMA user_version = 1
                """
            )
        }
        let store = try open(folder, Self.small)
        let tenant = try await store.makeTenant(nil)
        let before = try await tenant.evolutions(HistoryQueries.all, grant: Grants.read())
        #expect(before.evolutions.first?.attributes.first?.instances.count == 30)
        try await seal(tenant)
        #expect(try number("SELECT sum(count) FROM segment", in: folder) == 24)
        #expect(try number("PRAGMA user_version", in: folder) == Int64(Schema.version))
        let indexes =
            "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND tbl_name = 'outbox'"
        #expect(try number(indexes, in: folder) == 1)
        let after = try await tenant.evolutions(HistoryQueries.all, grant: Grants.read())
        #expect(after.text == before.text)
        // Waiting messages still wait, and no number is used twice.
        let lease = try #require(try await tenant.lease("a", until: 10, now: 0))
        #expect(try await tenant.claim(lease) == [1, 2])
        try await tenant.bookkeep { try $0.removeFromOutbox([1, 2], in: lease.term) }
        #expect(try await tenant.enqueue(1) == [3])
        await store.close()
    }
}
