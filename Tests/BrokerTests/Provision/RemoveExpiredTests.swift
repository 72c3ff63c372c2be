import ContextModel
import Governance
import Testing

@testable import Broker

/// Clause 4.22.
@Suite struct RemoveExpiredTests {
    private static let past: JSONValue = "2020-01-01T00:00:00Z"
    private static let unknown = BrokerError(.resourceNotFound, "")

    private func fixture() async throws -> SubscriptionFixture {
        let fixture = try await SubscriptionFixture()
        try await fixture.make([
            "id": "urn:x:alert", "type": "Alert", "expiresAt": Self.past, "level": 3,
        ])
        try await fixture.make([
            "id": "urn:x:bus", "type": "Bus", "doors": 2,
            "speed": ["type": "Property", "value": 1, "expiresAt": Self.past],
        ])
        return fixture
    }

    @Test func `an expired entity is not shown, removed or not`() async throws {
        let fixture = try await fixture()
        for _ in 0..<2 {
            await #expect(throws: Self.unknown) { _ = try await fixture.shown("urn:x:alert") }
            let bus: JSONValue = ["id": "urn:x:bus", "type": "Bus", "doors": 2]
            #expect(try await fixture.shown("urn:x:bus") == bus)
            let types = try await fixture.hub.reading.types(caller: SubscriptionFixture.boss)
                .information
            #expect(types.map(\.type) == [SubscriptionFixture.iri("Bus")])
            try await fixture.hub.writing.removeExpired(of: nil)
        }
        #expect(try await fixture.hub.writing.removeExpired(of: nil) == 0)
    }

    @Test func `removal continues while writers wait for receivers, up to its own limit`()
        async throws
    {
        let fixture = try await fixture()
        let feed = fixture.hub.outboxFeed
        let most = fixture.limits.maximumWaiting + fixture.limits.waitingReservedForRemovals
        feed.setWaiting([.operator: most])
        #expect(try await fixture.hub.writing.removeExpired(of: nil) == 0)
        feed.setWaiting([.operator: most - 1])
        #expect(try await fixture.hub.writing.removeExpired(of: nil) == 2)
    }

    @Test func `a process not in charge removes nothing, and is asked only when something expired`()
        async throws
    {
        let fixture = try await fixture()
        #expect(try await fixture.hub.writing.removeExpired(of: nil) { false } == 0)
        #expect(try await fixture.hub.writing.removeExpired(of: nil) { true } == 2)
        let removed = try await fixture.hub.writing.removeExpired(of: nil) {
            Issue.record("Nothing has expired.")
            return true
        }
        #expect(removed == 0)
    }

    @Test func `history has the end of expired parts`() async throws {
        let fixture = try await fixture()
        #expect(try await fixture.hub.writing.removeExpired(of: nil) == 2)
        #expect(try await fixture.past("speed", of: "urn:x:bus") == [1, "urn:ngsi-ld:null"])
        #expect(try await fixture.past("level", of: "urn:x:alert") == [3, "urn:ngsi-ld:null"])
    }

    @Test func `the identifier of an expired entity is free at once`() async throws {
        let fixture = try await fixture()
        try await fixture.make(["id": "urn:x:alert", "type": "Alert", "level": 4])
        let alert: JSONValue = ["id": "urn:x:alert", "type": "Alert", "level": 4]
        #expect(try await fixture.shown("urn:x:alert") == alert)
        #expect(try await fixture.hub.writing.removeExpired(of: nil) == 1)
        #expect(try await fixture.shown("urn:x:alert") == alert)
    }

    @Test func `an expired entity cannot be changed`() async throws {
        let fixture = try await fixture()
        await #expect(throws: Self.unknown) {
            _ = try await fixture.hub.writing.updateAttributes(
                of: EntityID("urn:x:alert"),
                ["level": 5],
                ld: .core,
                caller: SubscriptionFixture.boss
            )
        }
    }
}
