import Clauses
import ContextModel
import Governance
import Storage
import StorageSQLite
import Testing

@testable import Broker

@Suite(.clause("5.14", "4.5.25", "5.14.4", "5.14.5", "5.15.4")) struct CreateEntityMapTests {
    private typealias Fixture = SubscriptionFixture

    @Test func `a map lists what the query finds, from the hub itself, in its order`()
        async throws
    {
        let fixture = try await Fixture.mapped()
        let speed = AttributePath(names: [Fixture.iri("speed")])
        let query = EntityQuery(
            condition: Fixture.type("Bus"),
            order: [OrderTerm(subject: .path(speed), isDescending: true)],
            offset: 3,
            limit: 1
        )
        let map = try await fixture.hub.reading.createEntityMap(
            of: query,
            Fixture.asked,
            caller: Fixture.boss
        )
        #expect(map.json["type"] == "EntityMap" && map.json["linkedMaps"] == [:])
        #expect(map.json["expiresAt"]?.stringValue.flatMap { Timestamp($0) } != nil)
        let entries = try #require(map.json["entityMap"]?.objectValue)
        #expect(entries.members.map(\.key) == (1...5).reversed().map { "urn:x:\($0)" })
        #expect(entries.members.allSatisfy { $0.value == ["@none"] })
    }

    @Test func `a map of evolutions lists those with instances in the range`() async throws {
        let fixture = try await Fixture.mapped()
        var query = Fixture.allMoments
        let all = try await fixture.hub.reading.createEntityMap(
            of: query,
            Fixture.asked,
            caller: Fixture.boss
        )
        #expect(all.json["entityMap"]?.objectValue?.count == 5)
        query.to = Timestamp(microseconds: 0)
        let none = try await fixture.hub.reading.createEntityMap(
            of: query,
            Fixture.asked,
            caller: Fixture.boss
        )
        #expect(none.json["entityMap"] == [:])
    }

    @Test func `a map lists only what its maker may see, without filters on hidden data`()
        async throws
    {
        let speed = Fixture.iri("speed")
        let rule = Fixture.rule("office", .ids([EntityID("urn:x:2")]), hidden: [speed])
        let fixture = try await Fixture.mapped(Policy(permissions: [rule]))
        let office = Caller(party: .named(PartyID("office")))
        let map = try await fixture.map(caller: office)
        #expect(try await fixture.listed(map, caller: office) == ["urn:x:2"])
        let filtered = EntityQuery(condition: .attribute(speed), limit: 1)
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await fixture.map(filtered, caller: office)
        }
    }

    @Test func `a map stores a few bytes of its query, of any length`() async throws {
        let fixture = try await SubscriptionFixture.mapped()
        let asked = EntityMapRequest(selection: String(repeating: "id=urn:x:bus,", count: 10_000))
        _ = try await fixture.hub.reading.createEntityMap(
            of: EntityQuery(condition: SubscriptionFixture.type("Bus"), limit: 1),
            asked,
            caller: SubscriptionFixture.boss
        )
        let kept = try await fixture.store.makeTenant(nil).documents(.entityMap)
        #expect(kept.count == 1)
        #expect(kept.allSatisfy { $0.body.count < 1_000 })
        #expect(try kept.allSatisfy { try #require(EntityMap($0)).hasSelection(asked) })
    }

    @Test func `a map that would list too much is refused`() async throws {
        var limits = HubLimits()
        limits.maximumEntityMapEntities = 5
        let fixture = try await Fixture.mapped(Fixture.open, limits)
        _ = try await fixture.map()
        await #expect(throws: BrokerError(.tooManyResults, "")) {
            try await fixture.map(EntityQuery(condition: .everything, limit: 1))
        }
    }

    @Test func `the hub limits how long a map is kept`() async throws {
        var limits = HubLimits()
        limits.maximumEntityMapSeconds = 60
        let fixture = try await Fixture.mapped(Fixture.open, limits)
        let endless = try #require(ISODuration("P999999YT1S"))
        let some = ISODuration(microseconds: 20_000_000)
        for lifetime in [nil, some, ISODuration(months: 120), endless] {
            let now = fixture.hub.clock().microseconds
            let map = try await fixture.map(lifetime: lifetime)
            let text = try await fixture.hub.reading.retrieveEntityMap(map, caller: Fixture.boss)
            let expiry = try #require(text.json["expiresAt"]?.stringValue.flatMap { Timestamp($0) })
            let seconds = Double(expiry.microseconds - now) / 1_000_000
            #expect(seconds < 90)
            #expect(lifetime?.months == 0 ? seconds < 31 : seconds > 29)
        }
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await fixture.map(lifetime: ISODuration())
        }
    }

    @Test func `when maps list too much, the oldest of the party with most goes`() async throws {
        var limits = HubLimits()
        limits.entitiesPerEntityMap = 5
        limits.maximumEntityMapsEntities = 20
        let rule = Fixture.rule("office", .everything)
        let fixture = try await Fixture.mapped(Policy(permissions: [rule]), limits)
        let office = Caller(party: .named(PartyID("office")))
        var maps: [String] = []
        for _ in 0..<4 { maps.append(try await fixture.map()) }
        let others = [try await fixture.map(caller: office), try await fixture.map(caller: office)]
        for map in maps[..<2] {
            await #expect(throws: BrokerError(.resourceNotFound, "")) {
                try await fixture.listed(map)
            }
        }
        for map in maps[2...] { #expect(try await fixture.listed(map).count == 5) }
        _ = try await fixture.map()
        for map in others { #expect(try await fixture.listed(map, caller: office).count == 5) }
    }

    @Test func `when a party has too many maps, its own oldest is removed`() async throws {
        var limits = HubLimits()
        limits.maximumEntityMaps = 2
        let rule = Fixture.rule("office", .everything)
        let fixture = try await Fixture.mapped(Policy(permissions: [rule]), limits)
        let office = Caller(party: .named(PartyID("office")))
        let others = try await fixture.map(caller: office)
        var maps: [String] = []
        for _ in 0..<3 { maps.append(try await fixture.map()) }
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.listed(maps[0])
        }
        for map in maps[1...] { #expect(try await fixture.listed(map).count == 5) }
        #expect(try await fixture.listed(others, caller: office).count == 5)
    }
}
