import ContextModel
import Governance
import Storage
import Testing

@testable import StorageSQLite

/// With value indexes, the store finds the same entities as without.
@Suite struct ValueIndexTests {
    /// Thousands of numbers in one array, or in the instances of one attribute.
    private static let crowd = (0..<Limits.indexedValues * 3).map {
        JSONValue.number(JSONNumber($0))
    }

    @Test func `an entity with very many values has one entry, and is found by each of them`()
        async throws
    {
        let folder = Folder()
        let store = try SQLiteStore(folder: folder.path) {
            withExtendedLifetime(folder) { seconds(0) }
        }
        let tenant = try #require(try await store.makeTenant(nil) as? SQLiteTenantStore)
        func entries() throws -> Int64 {
            try Connection(path: "\(folder.path)/hub.sqlite", access: .readOnly)
                .number("SELECT count(*) FROM attribute_value")
        }
        func found(_ comparison: Comparison) async throws -> [String] {
            let test = ValueTest(path: AttributePath(names: [.speed]), comparison: comparison)
            return try await tenant.ids(.value(test))
        }
        try await tenant.put([
            Entity("before", .sensor, [.speed: .array(Self.crowd)]),
            Entity("few", .sensor, [.speed: 2]),
        ])
        try await tenant.filler.makeIndexes([.speed], for: .operator)
        #expect(try entries() == 2)
        try await tenant.put([Entity("after", .sensor, [.speed: .array(Self.crowd)])])
        #expect(try entries() == 3)
        #expect(try await found(.equal([.number(2)])) == ["before", "few", "after"])
        #expect(try await found(.equal([.number(2_999)])) == ["before", "after"])
        #expect(try await found(.equal([.number(-1)])) == [])
        try await tenant.put([Entity("after", .sensor, [.speed: 7])])
        #expect(try entries() == 3)
        #expect(try await found(.equal([.number(7)])) == ["before", "after"])
        try await tenant.transact { _ = try $0.remove(EntityID("urn:before")) }
        #expect(try entries() == 2)
        await store.close()
    }

    @Test(arguments: [1, 2, 3])
    func `queries answer alike with and without indexes`(seed: UInt64) async throws {
        var dice = SeededDice(seed)
        let folder = Folder()
        let store = try SQLiteStore(folder: folder.path) {
            withExtendedLifetime(folder) { seconds(0) }
        }
        let tenant = try await store.makeTenant(nil)
        let sqlite = try #require(tenant as? SQLiteTenantStore)
        var entities = (0..<1_500).map { RandomEntities.entity($0, &dice) }
        try await tenant.put(entities)
        for round in 0..<2 {
            for _ in 0..<40 {
                try await compare(RandomEntities.condition(&dice), entities, tenant, &dice)
            }
            // From here on both attributes have an index, which the following changes update.
            try await sqlite.filler.makeIndexes([.speed, .label], for: .operator)
            for index in entities.indices where round == 0 && index % 4 == 0 {
                entities[index] = RandomEntities.entity(index, &dice)
            }
            try await tenant.put(entities)
        }
    }

    @Test(arguments: [1, 2, 3])
    func `changes made while an index is filled are found with it`(seed: UInt64) async throws {
        var dice = SeededDice(seed)
        let folder = Folder()
        let store = try SQLiteStore(folder: folder.path) {
            withExtendedLifetime(folder) { seconds(0) }
        }
        let tenant = try await store.makeTenant(nil)
        let sqlite = try #require(tenant as? SQLiteTenantStore)
        var entities = (0..<400).map { RandomEntities.entity($0, &dice) }
        try await tenant.put(entities)
        // Each fifth changes, some of these twice, the last are removed, and others are added.
        let changed = entities.indices.filter { $0 % 5 == 0 }
        for index in changed { entities[index] = RandomEntities.entity(index, &dice) }
        let first = changed.map { entities[$0] }
        for index in changed where index % 2 == 0 {
            entities[index] = RandomEntities.entity(index, &dice)
        }
        let second = changed.map { entities[$0] }
        let gone = Array(entities.suffix(20))
        let fresh = (400..<420).map { RandomEntities.entity($0, &dice) }
        try await sqlite.filler.makeIndexes([.speed, .label], for: .operator) {
            try await tenant.put(first)
            try await tenant.put(second)
            try await tenant.transact { transaction in
                for entity in gone { _ = try transaction.remove(entity.id) }
            }
            try await tenant.put(fresh)
        }
        // The key of a removed entity may be reused: in the order of creation.
        let left = entities.dropLast(20) + fresh
        for _ in 0..<100 {
            try await compare(RandomEntities.condition(&dice), Array(left), tenant, &dice)
        }
    }

    @Test func `after a filling has ended in any way, no changes are noted for it`() throws {
        let folder = Folder()
        let path = "\(folder.path)/hub.sqlite"
        try Schema.migrate(path: path)
        let writer = try Writer(
            path: path,
            maximumPages: nil,
            sealing: SealingLimits(),
            now: seconds(0)
        )
        try writer.connection.execute("INSERT INTO indexed_attribute VALUES (1, 0, 0)")
        var fillings = [IndexFilling(), IndexFilling()]
        for filling in fillings { #expect(try writer.indexes.nextPortion(of: filling) != nil) }
        writer.indexes.noteChange(of: 7)
        #expect(fillings.map(\.changed) == [[7], [7]])
        #expect(try writer.indexes.nextPortion(of: fillings[0]) != nil)
        fillings.removeLast()
        writer.indexes.noteChange(of: 8)
        #expect(fillings[0].changed == [8])
        #expect(writer.indexes.fillingCount == 1)
        fillings = []
        writer.indexes.noteChange(of: 9)
        #expect(writer.indexes.fillingCount == 0)
    }

    @Test func `whom entities mention is found by an index, however they say it`() async throws {
        let folder = Folder()
        let store = try SQLiteStore(folder: folder.path) {
            withExtendedLifetime(folder) { seconds(0) }
        }
        let tenant = try #require(try await store.makeTenant(nil) as? SQLiteTenantStore)
        let person = "urn:person:1"
        let ways: [JSONValue] = [
            .string(person), ["urn:other", .string(person)], [[[.string(person)]]],
            ["object": .string(person)], "urn:person:11", ["name": .string(person)], 1,
        ]
        try await tenant.put(
            (0..<2_000).map { number in
                Entity("sensor:\(number)", .sensor, [.label: .string("urn:person:\(number + 2)")])
            }
        )
        try await tenant.put(
            ways.enumerated().map { Entity("way:\($0.offset)", .sensor, [.label: $0.element]) }
                + [Entity("person:1", .station, [:]), Entity("person:2", .station, [:])]
        )
        let classification = Classification([
            .sensor: .init(.personal, subjects: [SubjectPath(names: [.label])]),
            .station: .init(.personal, subjects: [SubjectPath(names: [])]),
        ])
        let subject = SubjectID(person)
        let decision = Policy(permissions: [], classification: classification)
            .decideAccess(to: subject, Caller(party: .anonymous, subject: subject))
        guard case .grant(let grant) = decision else { throw Grants.Denied() }
        func found() async throws -> [String] {
            let query = EntityQuery(condition: .everything, limit: 100, wantsCount: true)
            let page = try await tenant.entities(query, grant: grant)
            #expect(page.count == page.entities.count)
            return page.entities.map(\.id.uri).sorted()
        }
        let all = ["urn:person:1", "urn:way:0", "urn:way:1", "urn:way:2", "urn:way:3"]
        #expect(try await found() == all)
        // The question made the index wanted; once it is there it answers alike.
        func indexes() throws -> Int64 {
            try Connection(path: "\(folder.path)/hub.sqlite", access: .readOnly)
                .number("SELECT count(*) FROM indexed_attribute WHERE complete = 1")
        }
        let end = ContinuousClock.now + .seconds(60)
        while try indexes() == 0 {
            try #require(.now < end, "nobody wanted the index")
            _ = try await found()
        }
        #expect(try await found() == all)
        try await tenant.put([Entity("way:4", .sensor, [.label: .string(person)])])
        #expect(try await found() == (all + ["urn:way:4"]).sorted())
        await store.close()
    }

    private func compare(
        _ condition: Condition,
        _ entities: [Entity],
        _ tenant: any TenantStore,
        _ dice: inout SeededDice
    ) async throws {
        let prepared = PreparedCondition(condition)
        let matching = entities.filter { prepared.matches($0) }.map(\.id)
        let offset = Int.random(in: 0..<20, using: &dice)
        let limit = Int.random(in: 0..<40, using: &dice)
        let query = EntityQuery(
            condition: condition,
            offset: offset,
            limit: limit,
            wantsCount: Bool.random(using: &dice)
        )
        let page = try await tenant.entities(query, grant: Grants.read())
        #expect(page.entities.map(\.id) == Array(matching.dropFirst(offset).prefix(limit)))
        #expect(page.count == (query.wantsCount ? matching.count : nil))
        #expect(page.hasMore == (matching.count > offset + limit))
    }
}
