import ContextModel
import Governance
import Storage
import Testing

@testable import StorageSQLite

/// With its indexes the store finds what a look at every entity finds.
@Suite struct ValueIndexTests {
    private struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 31)
        }
    }

    private func value(_ dice: inout Dice) -> JSONValue {
        let number = Int.random(in: 0..<40, using: &dice)
        switch Int.random(in: 0..<8, using: &dice) {
        case 0: return .string("é\(number)")
        case 1: return .string(String(repeating: "long", count: 80) + "\(number)")
        case 2: return .bool(number % 2 == 0)
        case 3: return .array([.number(JSONNumber(number)), .string("t\(number)")])
        case 4:
            return ["@type": "DateTime", "@value": .string("2024-01-0\(number % 9 + 1)T00:00:00Z")]
        default: return .number(JSONNumber(Double(number) / 2))
        }
    }

    private func entity(_ number: Int, _ dice: inout Dice) -> Entity {
        var attributes: [IRI: JSONValue] = [:]
        if Int.random(in: 0..<4, using: &dice) > 0 { attributes[.speed] = value(&dice) }
        if Int.random(in: 0..<4, using: &dice) > 0 { attributes[.label] = value(&dice) }
        if Int.random(in: 0..<2, using: &dice) > 0 {
            let numbers = (0..<2).map { _ in
                JSONValue.number(JSONNumber(Double.random(in: -5...5, using: &dice)))
            }
            attributes[.place] = ["type": "Point", "coordinates": .array(numbers)]
        }
        return Entity("\(number)", number % 3 == 0 ? .sensor : .station, attributes)
    }

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
        try await tenant.makeIndexes([.speed], for: .operator)
        #expect(try entries() == 2)
        try await tenant.put([Entity("after", .sensor, [.speed: .array(Self.crowd)])])
        #expect(try entries() == 3)
        #expect(try await found(.equal([.number(2)])) == ["before", "few", "after"])
        #expect(try await found(.equal([.number(2_999)])) == ["before", "after"])
        #expect(try await found(.equal([.number(-1)])) == [])
        try await tenant.put([Entity("after", .sensor, [.speed: 7])])
        #expect(try entries() == 3)
        #expect(try await found(.equal([.number(7)])) == ["before", "after"])
        try await tenant.write(Grants.write()) { _ = try $0.remove(EntityID("urn:before")) }
        #expect(try entries() == 2)
        await store.close()
    }

    private func operand(_ dice: inout Dice) -> Operand {
        let number = Int.random(in: 0..<20, using: &dice)
        switch Int.random(in: 0..<7, using: &dice) {
        case 0: return .string("é\(number)")
        case 1: return .string(String(repeating: "long", count: 80) + "\(number)")
        case 2: return .bool(true)
        case 3: return .range(.number(Double(number)), .number(Double(number + 3)))
        case 4: return .string("t\(number)")
        default: return .number(Double(number))
        }
    }

    private func condition(_ dice: inout Dice) -> Condition {
        let name = Bool.random(using: &dice) ? IRI.speed : .label
        let comparison: Comparison =
            switch Int.random(in: 0..<6, using: &dice) {
            case 0: .less(operand(&dice))
            case 1: .greater(operand(&dice))
            case 2: .lessOrEqual(operand(&dice))
            case 3: .unequal([operand(&dice)])
            case 4: .equal([operand(&dice), operand(&dice)])
            default: .equal([operand(&dice)])
            }
        let test = Condition.value(
            ValueTest(path: AttributePath(names: [name]), comparison: comparison)
        )
        let center = Position(
            longitudeDegrees: Double.random(in: -5...5, using: &dice),
            latitudeDegrees: Double.random(in: -5...5, using: &dice)
        )
        let near = Condition.geometry(
            GeoTest(
                relation: .near(minMeters: nil, maxMeters: 200_000),
                reference: .point(center),
                attribute: .place
            )
        )
        switch Int.random(in: 0..<6, using: &dice) {
        case 0: return .all([.type(.sensor), test])
        case 1: return .any([.type(.sensor), test])
        case 2: return .not(test)
        case 3: return near
        case 4: return .all([near, test])
        default: return test
        }
    }

    @Test(arguments: [1, 2, 3])
    func `queries answer alike with and without indexes`(seed: UInt64) async throws {
        var dice = Dice(state: seed)
        let folder = Folder()
        let store = try SQLiteStore(folder: folder.path) {
            withExtendedLifetime(folder) { seconds(0) }
        }
        let tenant = try await store.makeTenant(nil)
        let sqlite = try #require(tenant as? SQLiteTenantStore)
        var entities = (0..<1_500).map { entity($0, &dice) }
        try await tenant.put(entities)
        for round in 0..<2 {
            for _ in 0..<40 {
                try await compare(condition(&dice), entities, tenant, &dice)
            }
            // From here on both attributes have an index, kept by the changes that follow.
            try await sqlite.makeIndexes([.speed, .label], for: .operator)
            for index in entities.indices where round == 0 && index % 4 == 0 {
                entities[index] = entity(index, &dice)
            }
            try await tenant.put(entities)
        }
    }

    @Test(arguments: [1, 2, 3])
    func `what changes while an index is made is found by it`(seed: UInt64) async throws {
        var dice = Dice(state: seed)
        let folder = Folder()
        let store = try SQLiteStore(folder: folder.path) {
            withExtendedLifetime(folder) { seconds(0) }
        }
        let tenant = try await store.makeTenant(nil)
        let sqlite = try #require(tenant as? SQLiteTenantStore)
        var entities = (0..<400).map { entity($0, &dice) }
        try await tenant.put(entities)
        // Each fifth changes, some of these twice, the last go, and others come.
        let changed = entities.indices.filter { $0 % 5 == 0 }
        for index in changed { entities[index] = entity(index, &dice) }
        let first = changed.map { entities[$0] }
        for index in changed where index % 2 == 0 { entities[index] = entity(index, &dice) }
        let second = changed.map { entities[$0] }
        let gone = Array(entities.suffix(20))
        let fresh = (400..<420).map { entity($0, &dice) }
        try await sqlite.makeIndexes([.speed, .label], for: .operator) {
            try await tenant.put(first)
            try await tenant.put(second)
            try await tenant.write(Grants.write()) { transaction in
                for entity in gone { _ = try transaction.remove(entity.id) }
            }
            try await tenant.put(fresh)
        }
        // A key of one that went may be another's now: in the order of creation.
        let left = entities.dropLast(20) + fresh
        for _ in 0..<100 { try await compare(condition(&dice), Array(left), tenant, &dice) }
    }

    @Test func `however a filling ends, changes are noted for it no longer`() throws {
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
        for filling in fillings { #expect(try writer.nextPortion(of: filling) != nil) }
        writer.noteChange(of: 7)
        #expect(fillings.map(\.changed) == [[7], [7]])
        #expect(try writer.nextPortion(of: fillings[0]) != nil)
        fillings.removeLast()
        writer.noteChange(of: 8)
        #expect(fillings[0].changed == [8])
        #expect(writer.fillings.count == 1)
        fillings = []
        writer.noteChange(of: 9)
        #expect(writer.fillings.isEmpty)
    }

    private func compare(
        _ condition: Condition,
        _ entities: [Entity],
        _ tenant: any TenantStore,
        _ dice: inout Dice
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
