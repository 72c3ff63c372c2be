import ContextModel
import Governance
import Storage
import Testing

@testable import StorageSQLite

/// Value indexes are shared fairly between parties.
@Suite struct IndexPlacesTests {
    private let office = Party.named(PartyID("office"))
    private let all = Set((0..<16).map { Int64($0) })

    private func moment(_ seconds: Int64) -> Timestamp {
        Timestamp(microseconds: seconds * 1_000_000)
    }

    @Test func `an index that was not used for a while gives its place`() {
        var places = IndexPlaces(start: moment(0))
        for name in all where name != 7 { places.note(name, for: .anonymous, at: moment(500)) }
        #expect(places.giving(to: .anonymous, of: all, at: moment(599)) == nil)
        #expect(places.giving(to: .anonymous, of: all, at: moment(600)) == 7)
    }

    @Test func `the party with most indexes gives its least used one to one with fewer`() {
        var places = IndexPlaces(start: moment(0))
        for name in all { places.note(name, for: .anonymous, at: moment(10 + name)) }
        var names = all
        for number in 0..<8 {
            let giving = places.giving(to: office, of: names, at: moment(60))
            #expect(giving == Int64(number))
            if let giving {
                names.remove(giving)
                places.forget(giving)
                names.insert(100 + giving)
                places.note(100 + giving, for: office, at: moment(61))
            }
        }
        // Now each has half.
        for party in [office, .anonymous] {
            #expect(places.giving(to: party, of: names, at: moment(62)) == nil)
        }
        #expect(places.giving(to: .operator, of: names, at: moment(62)) != nil)
    }

    @Test func `places of one party's indexes are given to another's, and the indexes stay right`()
        async throws
    {
        let folder = Folder()
        let store = try SQLiteStore(folder: folder.path) {
            withExtendedLifetime(folder) { seconds(0) }
        }
        let tenant = try await store.makeTenant(nil)
        let sqlite = try #require(tenant as? SQLiteTenantStore)
        let names = (0..<18).map { IRI("urn:a:\($0)") }
        let entities = (0..<600).map { number in
            Entity(
                "\(number)",
                .sensor,
                names.reduce(into: [:]) { $0[$1] = .number(JSONNumber(number)) }
            )
        }
        try await tenant.put(entities)
        try await sqlite.filler.makeIndexes(names, for: .anonymous)
        #expect(try indexes(folder) == 16)
        try await sqlite.filler.makeIndexes([names[17]], for: .anonymous)
        #expect(try rows(folder, names[17]) == 0)
        try await sqlite.filler.makeIndexes([names[17]], for: office)
        #expect(try indexes(folder) == 16)
        #expect(try rows(folder, names[17]) == 600)
        #expect(try names.map { try rows(folder, $0) }.filter { $0 == 0 }.count == 2)
        let condition = Condition.value(
            ValueTest(path: AttributePath(names: [names[17]]), comparison: .equal([.number(7)]))
        )
        let query = EntityQuery(condition: condition, limit: 5)
        let page = try await tenant.entities(query, grant: Grants.read())
        #expect(page.entities.map(\.id) == [entities[7].id])
    }

    @Test
    func `an index being removed can be created again afterwards, at no other's cost`()
        async throws
    {
        let folder = Folder()
        let store = try SQLiteStore(folder: folder.path) {
            withExtendedLifetime(folder) { seconds(0) }
        }
        let tenant = try #require(try await store.makeTenant(nil) as? SQLiteTenantStore)
        let names = (0..<18).map { IRI("urn:a:\($0)") }
        try await tenant.put([Entity("a", .sensor, Dictionary(names.map { ($0, 1) }) { $1 })])
        try await tenant.filler.makeIndexes(Array(names[..<16]), for: .anonymous)
        let office = office
        try await tenant.transact { transaction in
            let writer = try #require(transaction as? Writer)
            let before = writer.indexes.indexed
            try writer.indexes.register([names[16]], for: office, at: seconds(0))
            let given = try #require(before.subtracting(writer.indexes.indexed).first)
            let name = writer.vocabulary.current.iri(given)
            let after = writer.indexes.indexed
            #expect(after.count == 16)
            try writer.indexes.register([name], for: office, at: seconds(0))
            #expect(writer.indexes.indexed == after)
            while try writer.indexes.removeGivenUpEntries() {}
            try writer.indexes.register([name], for: office, at: seconds(0))
            #expect(writer.indexes.indexed.contains(given) && writer.indexes.indexed.count == 16)
        }
        await store.close()
    }

    private func indexes(_ folder: Folder) throws -> Int64 {
        try Connection(path: "\(folder.path)/hub.sqlite", access: .readOnly)
            .number("SELECT count(*) FROM indexed_attribute")
    }

    private func rows(_ folder: Folder, _ name: IRI) throws -> Int64 {
        try Connection(path: "\(folder.path)/hub.sqlite", access: .readOnly).number(
            """
            SELECT count(*) FROM attribute_value
            WHERE name = (SELECT number FROM name WHERE text = '\(name.text)')
            """
        )
    }
}
