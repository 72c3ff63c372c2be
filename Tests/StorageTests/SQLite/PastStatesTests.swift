import ContextModel
import Governance
import Storage
import Testing

@testable import StorageSQLite

/// The file keeps former states of an entity for as long as any of its history.
@Suite struct PastStatesTests {
    private let folder = Folder()
    private let clock = Clock()

    private static let whole = TemporalQuery(
        condition: .everything,
        timeProperty: .modifiedAt,
        instanceLimit: 1_000,
        limit: 10
    )

    private func open() throws -> SQLiteStore {
        try SQLiteStore(
            folder: folder.path,
            sealing: SealingLimits(segment: 8, smallestSegment: 2, newestRows: 2, rowsMet: 4),
            clock: { [clock] in clock.now }
        )
    }

    private static func entity(_ type: IRI, at second: Int) -> Entity {
        var entity = Entity("a", type)
        entity.createdAt = seconds(second)
        entity.modifiedAt = seconds(second)
        return entity
    }

    private func append(_ range: Range<Int>, as type: IRI, to tenant: any TenantStore) async throws
    {
        try await tenant.put([Self.entity(type, at: range.lowerBound)])
        try await tenant.append(
            "a",
            .speed,
            range.map { .reading(.number(JSONNumber($0)), at: $0) }
        )
    }

    private func values(_ tenant: any TenantStore, _ type: IRI) async throws -> [JSONValue] {
        let page = try await tenant.evolutions(Self.whole, grant: Grants.read(.type(type)))
        return page.evolutions.first?.attributes.first?.instances.map(\.value) ?? []
    }

    private func pastRows() throws -> Int64 {
        let file = try Connection(path: "\(folder.path)/hub.sqlite", access: .readOnly)
        return try file.number("SELECT count(*) FROM past")
    }

    @Test func `sealed history is shown and aggregated by former states`() async throws {
        let store = try open()
        let tenant = try await store.makeTenant(nil)
        try await append(0..<30, as: .station, to: tenant)
        try await append(30..<60, as: .sensor, to: tenant)
        _ = try await values(tenant, .sensor)
        try await (tenant as? SQLiteTenantStore)?.sealer.sealHistory()
        #expect(try await values(tenant, .station) == (0..<30).map { .number(JSONNumber($0)) })
        #expect(try await values(tenant, .sensor) == (30..<60).map { .number(JSONNumber($0)) })
        var sums = Self.whole
        sums.aggregation = Aggregation(methods: [.totalCount, .sum], period: .whole)
        let page = try await tenant.evolutions(sums, grant: Grants.read(.type(.station)))
        let totals = page.evolutions.first?.aggregates.first?.values.flatMap(\.periods)
        #expect(totals?.map(\.value) == [30, 435])
        await store.close()
    }

    @Test func `a writer with few rights removes what it sees, also in segments`()
        async throws
    {
        let store = try open()
        let tenant = try await store.makeTenant(nil)
        try await append(0..<30, as: .station, to: tenant)
        try await append(30..<60, as: .sensor, to: tenant)
        _ = try await values(tenant, .sensor)
        try await (tenant as? SQLiteTenantStore)?.sealer.sealHistory()
        let id = EntityID("urn:a")
        #expect(
            try await tenant.removeHistory(id, .everything, grant: Grants.write(.type(.sensor)))
        )
        #expect(try await values(tenant, .sensor).isEmpty)
        #expect(try await values(tenant, .station).count == 30)
        #expect(
            try await !tenant.hasEvolution(id, grant: Grants.write(.type(.sensor)))
        )
        await store.close()
    }

    @Test func `the former states of an entity are removed with its history`() async throws {
        let store = try open()
        let tenant = try await store.makeTenant(nil)
        let id = EntityID("urn:a")
        try await append(0..<3, as: .station, to: tenant)
        #expect(try await tenant.transact { try $0.remove(id) })
        try await append(3..<6, as: .sensor, to: tenant)
        #expect(try pastRows() == 1)
        #expect(try await values(tenant, .station).count == 3)
        #expect(try await tenant.transact { try $0.remove(id) })
        #expect(try await tenant.transact { try $0.removeHistory(id, .everything) })
        #expect(try pastRows() == 0)
        await store.close()
    }

    // MARK: Of a long past, as much is read as is asked about

    /// Makes random former states of `urn:a`, which may overlap; returns their moments.
    private static func makePast(
        _ dice: inout SeededDice,
        _ writer: Writer
    ) throws -> Range<Int64> {
        let row = try #require(try writer.stored(EntityID("urn:a")))
        let insert = try writer.connection.prepare("INSERT INTO past VALUES (?1, ?2, ?3, ?4, ?5)")
        try writer.transaction.willWrite()
        var end: Int64 = 10
        for number in 0..<Int.random(in: 1...40, using: &dice) {
            let type: IRI = Bool.random(using: &dice) ? .station : .sensor
            let was = Entity(id: row.id, types: [type])
            let start = max(0, end - Int64.random(in: 0...12, using: &dice))
            let isForgotten = number == 0 && Bool.random(using: &dice)
            try insert.bind(1, row.key).bind(2, end)
                .bind(3, Bool.random(using: &dice) ? end : start)
                .bind(4, writer.vocabulary.shape(of: was))
                .bind(5, isForgotten ? [] : Body.bytes(was)).run()
            end += Int64.random(in: 1...8, using: &dice)
        }
        return 0..<end + 10
    }

    @Test(arguments: 0..<20)
    func `a change is hidden that all former states hide`(seed: UInt64) async throws {
        var dice = SeededDice(seed)
        let store = try open()
        let tenant = try await store.makeTenant(nil)
        try await tenant.put([Self.entity(seed % 2 == 0 ? .station : .sensor, at: 0)])
        let (hidden, expected) = try await tenant.transact { [dice] transaction in
            var dice = dice
            let writer = try #require(transaction as? Writer)
            writer.transaction.granted = try Grants.write(.type(.station))
            let moments = try Self.makePast(&dice, writer)
            let row = try #require(try writer.stored(EntityID("urn:a")))
            let changes = try #require(try writer.hiddenChanges(of: row))
            let all = try changes.moments()
            return (try moments.map(changes.contains), moments.map(all.contains))
        }
        #expect(hidden == expected)
        _ = dice.next()
        await store.close()
    }

    @Test func `a change is decided by at most two states, for any number of former states`()
        async throws
    {
        let store = try open()
        let tenant = try await store.makeTenant(nil)
        for number in 0..<200 {
            let type: IRI = number % 2 == 0 ? .station : .sensor
            try await tenant.put([Self.entity(type, at: number)])
        }
        let decided = try await tenant.transact { transaction in
            let writer = try #require(transaction as? Writer)
            writer.transaction.granted = try Grants.write(.type(.sensor))
            let row = try #require(try writer.stored(EntityID("urn:a")))
            return try [0, 100, 200].map { second in
                let changes = try #require(try writer.hiddenChanges(of: row))
                _ = try changes.contains(seconds(second).microseconds)
                return changes.decided.count
            }
        }
        #expect(decided.allSatisfy { $0 <= 2 }, "\(decided)")
        await store.close()
    }
}
