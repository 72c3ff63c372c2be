import ContextModel
import Governance
import Storage
import Testing

@testable import StorageSQLite

/// A sweep reads all histories in portions, and misses no row that moves between two portions.
@Suite struct SweepScanTests {
    @Test func `a long history is scanned in many portions`() async throws {
        let folder = Folder()
        let store = try VocabularySweepTests.open(folder)
        let tenant = try await VocabularySweepTests.tenant(store)
        let text = JSONValue.string(String(repeating: "x", count: 3_000))
        let long = (0..<Limits.scannedRows + 10).map { Attribute.reading(text, at: $0) }
        try await tenant.append("a", .speed, long)
        let reader = try Reader(path: "\(folder.path)/hub.sqlite")
        func portions() throws -> Int {
            var (scan, count) = (FormScan([Int64.max, 1]), 0)
            while !scan.isAtEnd {
                let last = scan
                scan = try reader.snapshot { try reader.findUsedForms(last) }
                count += 1
            }
            #expect(scan.candidates == [Int64.max])
            return count
        }
        #expect(try reader.connection.number("SELECT count(*) FROM segment") > 0)
        #expect(try portions() > 5)
        try await tenant.transact { transaction in
            let writer = try #require(transaction as? Writer)
            try writer.openSegments()
        }
        #expect(try reader.connection.number("SELECT count(*) FROM segment") == 0)
        #expect(try portions() == 3)
        await store.close()
    }

    /// An entity that is created again gets the key after the greatest.
    ///
    /// If the last rows were removed, the sweep may have passed this key already.
    @Test(arguments: 0..<8)
    func `a history whose entity is created again during a sweep keeps its names`(
        portion: Int
    ) async throws {
        let folder = Folder()
        let store = try VocabularySweepTests.open(folder)
        let tenant = try await VocabularySweepTests.tenant(store)
        let fillers = (0..<2_001).map { EntityID("urn:filler\($0)") }
        try await tenant.transact { transaction in
            for id in fillers {
                let readings = NamedAttribute(name: .speed, instances: [.reading(1, at: 0)])
                try transaction.appendHistory(id, types: [.sensor], scopes: [], [readings])
            }
        }
        let last = VocabularySweepTests.strange(0)
        try await VocabularySweepTests.write(last, to: tenant)
        _ = try await tenant.transact { try $0.remove(last.id) }
        var portions = 0
        try await tenant.sweeper.sweep { _ in
            defer { portions += 1 }
            guard portions == portion else { return }
            try await tenant.transact { transaction in
                for id in fillers.suffix(2) { _ = try transaction.removeHistory(id, .everything) }
                try transaction.put(Entity(id: last.id, types: [.sensor]))
            }
        }
        let query = TemporalQuery(
            condition: .ids([last.id]),
            instanceLimit: 10,
            limit: 10
        )
        let page = try await tenant.evolutions(query, grant: Grants.read())
        let found = page.evolutions.flatMap(\.attributes)
        #expect(found.map(\.name) == [IRI("urn:x:a0")])
        #expect(found.first?.instances.map(\.datasetID) == ["urn:x:d0"])
        await store.close()
    }

    @Test(arguments: 0..<6)
    func `instances sealed and opened during a sweep keep their forms`(portion: Int) async throws {
        let folder = Folder()
        let store = try VocabularySweepTests.open(folder)
        let tenant = try await VocabularySweepTests.tenant(store)
        func readings(_ count: Int, unit: String) -> [Attribute] {
            (0..<count).map {
                var reading = Attribute.reading(.number(JSONNumber($0)), at: $0)
                reading.unitCode = "\(unit)\($0)"
                return reading
            }
        }
        let kept = readings(12, unit: "K")
        try await tenant.append("kept", .speed, kept)
        try await tenant.append("gone", .speed, readings(Limits.unseenForms + 50, unit: "U"))
        _ = try await tenant.transact { transaction in
            _ = try transaction.removeHistory(EntityID("urn:gone"), .everything)
        }
        let isSealed = portion % 2 == 0
        if isSealed { try await Self.move(tenant, seals: true) }
        var portions = 0
        try await tenant.sweeper.sweep { _ in
            defer { portions += 1 }
            if portions == portion + 2 { try await Self.move(tenant, seals: !isSealed) }
        }
        let query = TemporalQuery(condition: .everything, instanceLimit: 100, limit: 10)
        let page = try await tenant.evolutions(query, grant: Grants.read())
        let units = page.evolutions.flatMap(\.attributes).flatMap(\.instances).map(\.unitCode)
        #expect(units == kept.map(\.unitCode))
        await store.close()
    }

    /// Seals or opens the history of `urn:kept`.
    private static func move(_ tenant: SQLiteTenantStore, seals: Bool) async throws {
        try await tenant.transact { transaction in
            let writer = try #require(transaction as? Writer)
            let entity = try #require(try writer.stored(EntityID("urn:kept")))
            let series = HistorySeries(
                entity: entity.history,
                name: try #require(writer.vocabulary.current.numbers[IRI.speed.text]),
                dataset: 0
            )
            if seals {
                _ = try writer.segments.seal(series, grant: InternalGrant(.sealing))
            } else {
                try writer.openSegments()
            }
        }
    }

    @Test func `sweeps of several tenants take turns`() async throws {
        let turns = SweepTurns()
        await turns.take()
        let taken = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    for _ in 0..<5 {
                        await turns.take()
                        turns.giveBack()
                    }
                    return 5
                }
            }
            turns.giveBack()
            return await group.reduce(0, +)
        }
        #expect(taken == 15)
        await turns.take()
        turns.giveBack()
    }
}

extension Writer {
    /// Turns all segments back into rows.
    fileprivate func openSegments() throws {
        try transaction.willWrite()
        let rows = try connection.prepare("SELECT entity, name, dataset, first FROM segment")
        var found: [HistoryPlace] = []
        while try rows.step() {
            let series = HistorySeries(
                entity: rows.int(0),
                name: rows.int(1),
                dataset: rows.int(2)
            )
            found.append(HistoryPlace(series: series, time: rows.int(3)))
        }
        for place in found { try segments.open(around: place) }
    }
}
