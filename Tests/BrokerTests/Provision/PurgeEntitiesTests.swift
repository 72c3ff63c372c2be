import Clauses
import ContextModel
import Federation
import Governance
import Storage
import StoreDoubles
import Testing

@testable import Broker

@Suite(.clause("5.6.21")) struct PurgeEntitiesTests {
    private let boss = SubscriptionFixture.boss

    private func names(_ fixture: SubscriptionFixture) async throws -> [String] {
        let query = EntityQuery(condition: .everything, limit: 10)
        let page = try await fixture.hub.reading.queryEntities(query, caller: boss).page.decoded()
        return page.entities.map(\.id.uri)
    }

    @Test func `entities that the query finds are removed, and the others stay`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        try await fixture.hub.writing.purgeEntities(
            where: SubscriptionFixture.type("Bus"),
            caller: boss
        )
        #expect(try await names(fixture) == ["urn:x:shop"])
        #expect(try await fixture.past("speed", of: "urn:x:bus") == [1, "urn:ngsi-ld:null"])
        try await fixture.hub.writing.purgeEntities(
            where: SubscriptionFixture.type("Tram"),
            caller: boss
        )
        #expect(try await names(fixture) == ["urn:x:shop"])
    }

    @Test func `attributes alone may be removed`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        try await fixture.make(["id": "urn:x:2", "type": "Bus", "speed": 1, "doors": 2, "n": 3])
        let speed = SubscriptionFixture.iri("speed")
        let has = Condition.attribute(speed)
        try await fixture.hub.writing.purgeEntities(where: has, .attributes([speed]), caller: boss)
        #expect(
            try await fixture.shown("urn:x:2")
                == ["id": "urn:x:2", "type": "Bus", "doors": 2, "n": 3]
        )
        #expect(try await fixture.shown("urn:x:shop") == ["id": "urn:x:shop", "type": "Shop"])
        let kept: Set<IRI> = [SubscriptionFixture.iri("n")]
        try await fixture.hub.writing.purgeEntities(
            where: .everything,
            .attributesExcept(kept),
            caller: boss
        )
        #expect(try await fixture.shown("urn:x:2") == ["id": "urn:x:2", "type": "Bus", "n": 3])
    }

    @Test func `a party purges its own part alone`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        let driver = SubscriptionFixture.driver
        try await fixture.hub.writing.purgeEntities(where: .everything, caller: driver)
        #expect(try await names(fixture) == ["urn:x:shop"])
        await #expect(throws: BrokerError(.unauthenticated, "")) {
            try await fixture.hub.writing.purgeEntities(
                where: .everything,
                caller: Caller(party: .anonymous)
            )
        }
    }

    /// A hub in which others change something between the query of the next purge and its
    /// removals.
    private func interrupted(
        _ work: @escaping @Sendable (SubscriptionFixture) async throws -> Void
    ) async throws -> SubscriptionFixture {
        let interruption = Interruption()
        let fixture = try await SubscriptionFixture(habit: .interrupts(interruption))
        try await fixture.make(["id": "urn:x:1", "type": "Bus", "speed": 1])
        try await fixture.make(["id": "urn:x:2", "type": "Bus", "n": 1])
        interruption.schedule { [unowned fixture] in try await work(fixture) }
        return fixture
    }

    @Test func `an entity created after a purge's query stays`() async throws {
        let fixture = try await interrupted { fixture in
            try await fixture.make(["id": "urn:x:3", "type": "Bus"])
            // Another entity with the same identifier.
            try await fixture.hub.writing.deleteEntity(
                EntityID("urn:x:2"),
                caller: SubscriptionFixture.boss
            )
            try await fixture.make(["id": "urn:x:2", "type": "Bus"])
            try await fixture.update("urn:x:1", speed: 2)
        }
        try await fixture.hub.writing.purgeEntities(
            where: SubscriptionFixture.type("Bus"),
            caller: boss
        )
        #expect(try await Set(names(fixture)) == ["urn:x:2", "urn:x:3"])
    }

    @Test func `an attribute created after a purge's query stays`() async throws {
        let speed = SubscriptionFixture.iri("speed")
        let fixture = try await interrupted { fixture in
            try await fixture.make(["id": "urn:x:3", "type": "Bus", "speed": 3])
            _ = try await fixture.hub.writing.appendAttributes(
                to: EntityID("urn:x:2"),
                ["speed": ["type": "Property", "value": 2]],
                overwrites: true,
                ld: .core,
                caller: SubscriptionFixture.boss
            )
        }
        try await fixture.hub.writing.purgeEntities(
            where: SubscriptionFixture.type("Bus"),
            .attributes([speed]),
            caller: boss
        )
        #expect(try await fixture.shown("urn:x:1") == ["id": "urn:x:1", "type": "Bus"])
        for number in 2...3 {
            let shown = try await fixture.shown("urn:x:\(number)")
            #expect(shown.objectValue?["speed"] == .number(JSONNumber(number)))
        }
    }

    @Test func `entities that can be written and not read are not purged`() async throws {
        let driver = SubscriptionFixture.driver
        let rule = Permission(
            assignee: .party(PartyID("driver")),
            actions: [.write],
            target: .everything
        )
        let fixture = try await SubscriptionFixture(policy: Policy(permissions: [rule]))
        try await fixture.make(["id": "urn:x:bus", "type": "Bus"])
        try await fixture.hub.writing.purgeEntities(where: .everything, caller: driver)
        #expect(try await names(fixture) == ["urn:x:bus"])
    }
}
