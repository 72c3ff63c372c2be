import Clauses
import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

@Suite(.clause("5.7.2", "QueEnt", "5.5.9", "CENTRALIZED")) struct QueryEntitiesTests {
    private static let boss = SubscriptionFixture.boss

    /// Five buses and two shops.
    private func city() async throws -> SubscriptionFixture {
        let fixture = try await SubscriptionFixture.shared()
        for number in 1..<5 {
            try await fixture.make([
                "id": .string("urn:x:bus:\(number)"), "type": "Bus",
                "speed": .number(JSONNumber(10 - number)),
            ])
        }
        try await fixture.make(["id": "urn:x:shop:2", "type": "Shop"])
        return fixture
    }

    private func ids(
        _ fixture: SubscriptionFixture,
        _ query: EntityQuery,
        shownAs representation: Representation = Representation(),
        caller: Caller = QueryEntitiesTests.boss
    ) async throws -> [String] {
        let answer = try await fixture.hub.reading.queryEntities(
            query,
            shownAs: representation,
            caller: caller
        )
        return try answer.page.decoded().entities.map(\.id.uri)
    }

    @Test func `pages have no gaps and no duplicates, and the count is of all`() async throws {
        let fixture = try await city()
        var seen: [String] = []
        for offset in stride(from: 0, to: 6, by: 2) {
            let query = EntityQuery(
                condition: SubscriptionFixture.type("Bus"),
                offset: offset,
                limit: 2,
                wantsCount: true
            )
            let page = try await fixture.hub.reading.queryEntities(query, caller: Self.boss).page
                .decoded()
            #expect(page.count == 5)
            #expect(page.hasMore == (offset < 4))
            seen += page.entities.map(\.id.uri)
        }
        #expect(seen == ["urn:x:bus"] + (1..<5).map { "urn:x:bus:\($0)" })
    }

    @Test func `the patterns of a question share a budget`() async throws {
        let fixture = try await city()
        func ask(_ count: Int) async throws -> [String] {
            let pattern = Condition.idPattern(try Pattern(":shop"))
            let patterns = Condition.any(Array(repeating: pattern, count: count))
            return try await ids(fixture, EntityQuery(condition: patterns, limit: 5))
        }
        #expect(try await ask(Pattern.maximumTogether) == ["urn:x:shop", "urn:x:shop:2"])
        await #expect(throws: BrokerError(.tooComplexQuery, "")) {
            try await ask(Pattern.maximumTogether + 1)
        }
    }

    @Test func `the count alone needs no page`() async throws {
        let fixture = try await city()
        let query = EntityQuery(condition: .everything, limit: 0, wantsCount: true)
        let page = try await fixture.hub.reading.queryEntities(query, caller: Self.boss).page
            .decoded()
        #expect(page.entities.isEmpty && page.count == 7)
    }

    @Test func `an answer has the requested order`() async throws {
        let fixture = try await city()
        let path = AttributePath(names: [SubscriptionFixture.iri("speed")])
        let query = EntityQuery(
            condition: SubscriptionFixture.type("Bus"),
            order: [OrderTerm(subject: .path(path), isDescending: true)],
            limit: 3
        )
        #expect(try await ids(fixture, query) == (1..<4).map { "urn:x:bus:\($0)" })
    }

    @Test func `a party's pages and counts are of its own part alone`() async throws {
        let fixture = try await city()
        let query = EntityQuery(condition: .everything, limit: 10, wantsCount: true)
        let driver = SubscriptionFixture.driver
        let page = try await fixture.hub.reading.queryEntities(query, caller: driver).page.decoded()
        #expect(page.count == 5 && !page.hasMore)
        #expect(page.entities.allSatisfy { $0.types == [SubscriptionFixture.iri("Bus")] })
        let nobody = Caller(party: .anonymous)
        #expect(try await fixture.hub.reading.queryEntities(query, caller: nobody).page.count == 0)
    }

    @Test func `entities without a picked member are left out`() async throws {
        let fixture = try await city()
        let projection = Projection(
            attributes: [SubscriptionFixture.iri("speed")],
            entityMembers: []
        )
        let shown = try await ids(
            fixture,
            EntityQuery(condition: SubscriptionFixture.type("Shop"), limit: 10),
            shownAs: Representation(projection: projection)
        )
        #expect(shown == ["urn:x:shop"])
    }

    @Test func `nobody sorts or filters by attributes that are hidden from them`() async throws {
        let speed = SubscriptionFixture.iri("speed")
        let rule = Permission(
            assignee: .anyone,
            actions: [.read],
            target: .everything,
            hiddenAttributes: [speed]
        )
        let fixture = try await SubscriptionFixture(policy: Policy(permissions: [rule]))
        let key = OrderTerm(subject: .path(AttributePath(names: [speed])))
        for query in [
            EntityQuery(condition: .everything, order: [key], limit: 1),
            EntityQuery(condition: .not(.attribute(speed)), limit: 1),
        ] {
            await #expect(throws: BrokerError(.badRequestData, "")) {
                try await ids(fixture, query, caller: Caller(party: .anonymous))
            }
        }
    }

    @Test func `a deleted entity is not found`() async throws {
        let fixture = try await city()
        try await fixture.hub.writing.deleteEntity(EntityID("urn:x:bus:2"), caller: Self.boss)
        let query = EntityQuery(condition: SubscriptionFixture.type("Bus"), limit: 10)
        #expect(
            try await ids(fixture, query)
                == ["urn:x:bus", "urn:x:bus:1", "urn:x:bus:3", "urn:x:bus:4"]
        )
    }
}
