import ContextModel
import Foundation
import Governance
import Storage
import Testing

@testable import StorageSQLite

/// Removing a long history delays nobody for long, and readers see it removed at once.
@Suite struct RemoveHistoryTests {
    private let folder = Folder()
    private static let id = EntityID("urn:a")
    private static let long = Limits.removedPerStep * 2 + 10

    private func open(_ folder: Folder) throws -> SQLiteStore {
        // Histories are sealed only by hand here.
        let limits = SealingLimits(
            segment: 64,
            smallestSegment: 8,
            newestRows: 2,
            rowsMet: 1_000_000
        )
        return try SQLiteStore(folder: folder.path, sealing: limits) {
            withExtendedLifetime(folder) { seconds(0) }
        }
    }

    private func tenant(_ store: SQLiteStore) async throws -> SQLiteTenantStore {
        try #require(try await store.makeTenant(nil) as? SQLiteTenantStore)
    }

    private static func readings(_ range: Range<Int>) -> [Attribute] {
        range.map { .reading(.number(JSONNumber($0)), at: $0) }
    }

    private static func values(
        _ tenant: SQLiteTenantStore,
        of id: EntityID = Self.id,
        _ name: IRI = .speed
    ) async throws -> [JSONValue] {
        let query = TemporalQuery(
            condition: .ids([id]),
            attributes: [name],
            instanceLimit: 100_000,
            limit: 1
        )
        let page = try await tenant.evolutions(query, grant: Grants.read())
        return page.evolutions.flatMap(\.attributes).flatMap(\.instances).map(\.value)
    }

    private static func rows(_ folder: Folder) throws -> Int {
        let file = try Connection(path: "\(folder.path)/hub.sqlite", access: .readOnly)
        return Int(
            try file.number(
                """
                SELECT (SELECT count(*) FROM history) + (SELECT count(*) FROM segment)
                    + (SELECT count(*) FROM removed_history)
                """
            )
        )
    }

    /// Returns when all rows of removed histories are gone.
    private static func finish(_ tenant: SQLiteTenantStore) async throws {
        while try await tenant.committer.run({ try $0.removeDetachedHistory() }) {}
    }

    /// Removes everything, and returns the number of rows that are left when the request ends.
    private static func removeAll(_ tenant: SQLiteTenantStore) async throws -> Int64 {
        try await tenant.transact { transaction in
            let step = try transaction.removeHistory(id, .everything, from: nil)
            #expect(step.hasRemoved && step.next == nil)
            let writer = try #require(transaction as? Writer)
            return try writer.connection.number("SELECT count(*) FROM history")
        }
    }

    @Test(arguments: [true, false])
    func `a long history is detached at once, its rows removed later`(isCurrent: Bool) async throws
    {
        let store = try open(folder)
        let tenant = try await tenant(store)
        if isCurrent { try await tenant.put([Entity("a", .sensor, [.label: "x"])]) }
        try await tenant.append("a", .speed, Self.readings(0..<Self.long))
        #expect(try await Self.removeAll(tenant) == Int64(Self.long))
        #expect(try await Self.values(tenant).isEmpty)
        #expect(try await tenant.ids(.everything) == (isCurrent ? ["a"] : []))
        let isKnown = try await tenant.transact {
            try $0.evolving(Self.id, grant: InternalGrant(.mergeOnWrite)) != nil
        }
        #expect(!isKnown)
        try await tenant.append("a", .speed, Self.readings(3..<5))
        #expect(try await Self.values(tenant) == [3, 4])
        try await Self.finish(tenant)
        #expect(try await Self.values(tenant) == [3, 4])
        #expect(try Self.rows(folder) == 2)
        // And again: the entity has a new number now.
        try await tenant.append("a", .speed, Self.readings(10..<Self.long))
        _ = try await Self.removeAll(tenant)
        #expect(try await Self.values(tenant).isEmpty)
        try await Self.finish(tenant)
        #expect(try Self.rows(folder) == 0)
        await store.close()
    }

    @Test func `a removed history stays removed when the hub is killed meanwhile`() async throws {
        let store = try open(folder)
        let tenant = try await tenant(store)
        try await tenant.append("a", .speed, Self.readings(0..<Self.long))
        let copy = Folder()
        try await tenant.transact { transaction in
            _ = try transaction.removeHistory(Self.id, .everything)
            // The background removal does not start.
            try #require(transaction as? Writer).transaction.forgetRequestActions()
        }
        for name in ["hub.sqlite", "hub.sqlite-wal"] {
            try FileManager.default.copyItem(
                atPath: "\(folder.path)/\(name)",
                toPath: "\(copy.path)/\(name)"
            )
        }
        #expect(try Self.rows(copy) > Self.long)
        let survivor = try open(copy)
        let other = try await self.tenant(survivor)
        #expect(try await Self.values(other).isEmpty)
        // The row of the entity is gone. Another entity may get its key, but not its history.
        try await other.append("b", .speed, Self.readings(0..<2))
        #expect(try await Self.values(other, of: EntityID("urn:b")) == [0, 1])
        try await Self.finish(other)
        #expect(try await Self.values(other, of: EntityID("urn:b")) == [0, 1])
        #expect(try Self.rows(copy) == 2)
        await survivor.close()
        await store.close()
    }

    @Test func `a removal that is refused afterwards removes nothing`() async throws {
        let store = try open(folder)
        let tenant = try await tenant(store)
        try await tenant.append("a", .speed, Self.readings(0..<Self.long))
        await #expect(throws: CancellationError.self) {
            try await tenant.transact {
                _ = try $0.removeHistory(Self.id, .everything)
                throw CancellationError()
            }
        }
        try await Self.finish(tenant)
        #expect(try await Self.values(tenant).count == Self.long)
        await store.close()
    }

    @Test func `one attribute of a long history is removed in portions, and the rest stays`()
        async throws
    {
        let store = try open(folder)
        let tenant = try await tenant(store)
        try await tenant.append("a", .speed, Self.readings(0..<Self.long))
        try await tenant.append("a", .label, Self.readings(0..<3))
        var (next, portions) = (HistoryRemovalPosition?.none, 0)
        repeat {
            let step = try await tenant.transact { [next] in
                try $0.removeHistory(Self.id, .allInstances(.speed), from: next)
            }
            #expect(step.hasRemoved)
            next = step.next
            portions += 1
            #expect(try await Self.values(tenant, .label) == [0, 1, 2])
        } while next != nil
        #expect(portions == 3)
        #expect(try await Self.values(tenant).isEmpty)
        let isThere = try await tenant.transact {
            try $0.removeHistory(Self.id, .allInstances(.speed))
        }
        #expect(!isThere)
        await store.close()
    }

    /// The entity had three types one after the other; the writer may remove the middle part.
    @Test(arguments: [true, false])
    func `the visible part of a history is removed in portions`(
        isSealed: Bool
    ) async throws {
        let store = try open(folder)
        let tenant = try await tenant(store)
        let third = isSealed ? 2_000 : Limits.removedPerStep
        for (part, type) in [IRI.station, .sensor, .station].enumerated() {
            let range = part * third..<(part + 1) * third
            var entity = Entity("a", type)
            entity.modifiedAt = seconds(range.lowerBound)
            try await tenant.put([entity])
            try await tenant.append("a", .speed, Self.readings(range))
        }
        var last = Entity("a", .sensor)
        last.modifiedAt = seconds(3 * third)
        try await tenant.put([last])
        if isSealed { try await Self.seal(tenant) }
        var (next, portions) = (HistoryRemovalPosition?.none, 0)
        repeat {
            let step = try await tenant.removeHistory(
                of: Self.id,
                .everything,
                from: next,
                grant: Grants.write(.type(.sensor))
            )
            next = step?.next
            portions += 1
        } while next != nil
        #expect(portions > 3)
        let left = [0..<third, 2 * third..<3 * third].joined()
        #expect(try await Self.values(tenant) == left.map { .number(JSONNumber($0)) })
        await store.close()
    }

    private static func seal(_ tenant: SQLiteTenantStore) async throws {
        try await tenant.transact { transaction in
            let writer = try #require(transaction as? Writer)
            let entity = try #require(try writer.stored(id))
            let series = HistorySeries(
                entity: entity.history,
                name: try #require(writer.vocabulary.current.numbers[IRI.speed.text]),
                dataset: 0
            )
            while try writer.segments.seal(series, grant: InternalGrant(.sealing)) {}
            let count = try writer.connection.number("SELECT count(*) FROM segment")
            #expect(count > Int64(Limits.openedPerStep))
        }
    }
}
