import Clauses
import ContextModel
import Governance
import Testing

@testable import Broker

@Suite(.clause("5.7.1")) struct RetrieveEntityTests {
    private let bus = EntityID("urn:x:bus")
    private let boss = SubscriptionFixture.boss
    private let missing = BrokerError(.resourceNotFound, "")

    @Test func `an entity is returned as it was created`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        let entity = try await fixture.hub.reading.retrieveEntity(bus, caller: boss).entity
            .decoded()
        #expect(entity.id == bus)
        #expect(entity.types == [SubscriptionFixture.iri("Bus")])
        #expect(entity[SubscriptionFixture.iri("speed")].map(\.value) == [1])
    }

    @Test func `a missing entity is not found`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        await #expect(throws: missing) {
            try await fixture.hub.reading.retrieveEntity(EntityID("urn:x:no"), caller: boss)
        }
    }

    @Test func `an entity of another type, or without the attributes, is not found`()
        async throws
    {
        let fixture = try await SubscriptionFixture.shared()
        for other in [
            SubscriptionFixture.type("Shop"), .attribute(SubscriptionFixture.iri("doors")),
        ] {
            await #expect(throws: missing) {
                try await fixture.hub.reading.retrieveEntity(bus, where: other, caller: boss)
            }
        }
        let own = SubscriptionFixture.type("Bus")
        let entity = try await fixture.hub.reading.retrieveEntity(bus, where: own, caller: boss)
            .entity
        #expect(try entity.decoded().id == bus)
    }

    @Test func `an entity of which nothing would be shown is not found`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        let nothing = Projection(
            attributes: [SubscriptionFixture.iri("doors")],
            entityMembers: []
        )
        await #expect(throws: missing) {
            try await fixture.hub.reading.retrieveEntity(
                bus,
                shownAs: Representation(projection: nothing),
                caller: boss
            )
        }
    }

    @Test func `an entity the caller may not see is not found`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        let driver = SubscriptionFixture.driver
        let entity = try await fixture.hub.reading.retrieveEntity(bus, caller: driver).entity
            .decoded()
        #expect(entity.id == bus)
        await #expect(throws: missing) {
            try await fixture.hub.reading.retrieveEntity(EntityID("urn:x:shop"), caller: driver)
        }
        await #expect(throws: missing) {
            try await fixture.hub.reading.retrieveEntity(bus, caller: Caller(party: .anonymous))
        }
    }

    @Test func `a hidden attribute does not exist, and cannot be queried`() async throws {
        let speed = SubscriptionFixture.iri("speed")
        let rule = Permission(
            assignee: .anyone,
            actions: [.read],
            target: .everything,
            hiddenAttributes: [speed]
        )
        let fixture = try await SubscriptionFixture(policy: Policy(permissions: [rule]))
        try await fixture.make(["id": "urn:x:bus", "type": "Bus", "speed": 1, "doors": 2])
        let reader = Caller(party: .anonymous)
        let entity = try await fixture.hub.reading.retrieveEntity(bus, caller: reader).entity
            .decoded()
        #expect(entity.attributes.map(\.name) == [SubscriptionFixture.iri("doors")])
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await fixture.hub.reading.retrieveEntity(
                bus,
                where: .attribute(speed),
                caller: reader
            )
        }
    }
}
