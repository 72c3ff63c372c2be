import Clauses
import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

@Suite(.clause("4.3.6.7", "5.5.9.3")) struct EntityMapPagingTests {
    private typealias Fixture = SubscriptionFixture

    private func query(offset: Int, limit: Int = 2) -> EntityQuery {
        var query = Fixture.buses
        (query.offset, query.limit) = (offset, limit)
        query.wantsCount = true
        return query
    }

    @Test func `pages use a fixed set of entities`() async throws {
        let fixture = try await Fixture.mapped()
        var (page, use) = ([String](), EntityMapUse(id: "", isNew: false))
        (page, _, use) = try await fixture.page(nil, query(offset: 0))
        #expect(page == ["urn:x:1", "urn:x:2"] && use.isNew && use.previous == nil)
        try await fixture.create("urn:x:new", speed: 9)
        (page, _, use) = try await fixture.page(use.id, query(offset: try #require(use.next)))
        #expect(page == ["urn:x:3", "urn:x:4"] && !use.isNew && use.previous == 0)
        (page, _, use) = try await fixture.page(use.id, query(offset: try #require(use.next)))
        #expect(page == ["urn:x:5"] && use.next == nil && use.previous == 2)
    }

    @Test func `entities that do not match any more leave the map, and pages have no duplicates`()
        async throws
    {
        let fixture = try await Fixture.mapped()
        let map = try await fixture.map()
        let first = try await fixture.page(map, query(offset: 0))
        #expect(first.ids == ["urn:x:1", "urn:x:2"] && first.count == 5 && first.use.next == 2)
        try await fixture.delete("urn:x:1")
        try await fixture.delete("urn:x:3")
        let second = try await fixture.page(map, query(offset: 2))
        #expect(second.ids == ["urn:x:4", "urn:x:5"] && second.count == 3)
        #expect(second.use.next == nil && second.use.previous == 0)
        let again = try await fixture.page(map, query(offset: 0, limit: 3))
        #expect(again.ids == ["urn:x:2", "urn:x:4", "urn:x:5"])
        try await fixture.create("urn:x:1", speed: 1)
        #expect(try await fixture.page(map, query(offset: 0, limit: 5)).ids == again.ids)
    }

    @Test func `a page of a narrower query removes nothing from the map`() async throws {
        let fixture = try await Fixture.mapped()
        let map = try await fixture.map()
        var narrow = query(offset: 0, limit: 5)
        narrow.condition = narrow.condition.and(.ids([EntityID("urn:x:3")]))
        let page = try await fixture.page(map, narrow, selection: "type=Bus&id=urn:x:3")
        #expect(page.ids == ["urn:x:3"] && page.use.id == map)
        #expect(try await fixture.page(map).ids.count == 5)
    }

    @Test func `a page shows what the caller may see now, and nothing of the map's past`()
        async throws
    {
        let fast = try QParser(expansion: LDContext.core).parse("speed>2")
        let fixture = try await Fixture.mapped(
            Policy(permissions: [Fixture.rule("office", fast)])
        )
        let office = Caller(party: .named(PartyID("office")))
        let map = try await fixture.map(caller: office)
        _ = try await fixture.hub.writing.updateAttributes(
            of: EntityID("urn:x:3"),
            ["speed": 1],
            ld: .core,
            caller: Fixture.boss
        )
        let page = try await fixture.page(map, query(offset: 0, limit: 5), caller: office)
        #expect(page.ids == ["urn:x:4", "urn:x:5"] && page.count == 2)
    }

    @Test func `a map of another party, or a missing or expired one, is replaced`() async throws {
        let fixture = try await Fixture.mapped(
            Policy(permissions: [Fixture.rule("office", .ids([EntityID("urn:x:2")]))])
        )
        let office = Caller(party: .named(PartyID("office")))
        let others = try await fixture.map()
        let expired = try await fixture.map(caller: office)
        try await fixture.hub.reading.updateEntityMap(
            expired,
            ["expiresAt": "2020-01-01T00:00:00Z"],
            caller: office
        )
        let temporal = try await fixture.hub.reading.createEntityMap(
            of: Fixture.allMoments,
            Fixture.asked,
            caller: office
        )
        let evolutions = try #require(temporal.json["id"]?.stringValue)
        for id in [others, expired, evolutions, "urn:ngsi-ld:EntityMap:none"] {
            let page = try await fixture.page(id, caller: office)
            #expect(page.ids == ["urn:x:2"] && page.use.isNew && page.use.id != id)
        }
        #expect(try await fixture.listed(others).count == 5)
    }

    @Test func `pages of evolutions use a fixed set`() async throws {
        let fixture = try await Fixture.mapped()
        var query = Fixture.allMoments
        (query.limit, query.wantsCount) = (2, true)
        var request = Fixture.asked
        var seen: [String] = []
        var next: Int? = 0
        while let offset = next {
            query.offset = offset
            let answer = try await fixture.hub.reading.queryEvolutions(
                query,
                through: request,
                caller: Fixture.boss
            )
            let (page, use) = (answer.page, try #require(answer.map))
            #expect(page.count == 5 && use.isNew == (offset == 0))
            #expect(page.hasMore == (use.next != nil))
            seen += page.evolutions.map(\.id.uri)
            request.id = use.id
            next = use.next
            if offset == 0 { try await fixture.create("urn:x:new", speed: 9) }
        }
        #expect(seen == (1...5).map { "urn:x:\($0)" })
    }

    @Test func `a purge removes only entities of the map`() async throws {
        let fixture = try await Fixture.mapped()
        let map = try await fixture.map()
        try await fixture.create("urn:x:new", speed: 9)
        let listed = try await fixture.hub.reading.entities(listedIn: map, caller: Fixture.boss)
        try await fixture.hub.writing.purgeEntities(
            where: Fixture.type("Bus").and(listed),
            caller: Fixture.boss
        )
        let rest = try await fixture.hub.reading.queryEntities(Fixture.buses, caller: Fixture.boss)
        #expect(try rest.page.decoded().entities.map(\.id.uri) == ["urn:x:new"])
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.hub.reading.entities(listedIn: "urn:x:no:map", caller: Fixture.boss)
        }
    }

    @Test func `a page of a long map of removed entities is found all the same`() {
        let ids = (0..<10_000).map { EntityID("urn:x:\($0)") }
        var walk = EntityMapWalk(EntityMapEntries(ids), offset: 0, limit: 1)
        var turns = 0
        while let asked = walk.next() {
            turns += 1
            walk.take(asked.intersection([EntityID("urn:x:9998"), EntityID("urn:x:9999")]))
        }
        #expect(walk.page == [EntityID("urn:x:9998")] && walk.nextPage == 9_999)
        #expect(walk.unfit.count == 9_998)
        #expect(turns < 100)
    }
}
