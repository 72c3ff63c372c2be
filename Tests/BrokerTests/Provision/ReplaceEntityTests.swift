import Clauses
import ContextModel
import Governance
import Testing

@testable import Broker

@Suite(.clause("5.6.18")) struct ReplaceEntityTests {
    private func replace(
        _ fixture: SubscriptionFixture,
        _ json: JSONValue,
        _ id: EntityID = EntityID("urn:x:bus"),
        caller: Caller = SubscriptionFixture.boss
    ) async throws {
        try await fixture.hub.writing.replaceEntity(id, json, ld: .core, caller: caller)
    }

    @Test func `attributes not given are removed, and history has their end`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        try await replace(fixture, ["type": "Tram", "doors": 2])
        #expect(
            try await fixture.shown("urn:x:bus") == ["id": "urn:x:bus", "type": "Tram", "doors": 2]
        )
        #expect(try await fixture.past("speed", of: "urn:x:bus") == [1, "urn:ngsi-ld:null"])
        #expect(try await fixture.past("doors", of: "urn:x:bus") == [2])
    }

    @Test func `without a type the entity keeps its own`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        try await replace(fixture, ["doors": 2])
        #expect(
            try await fixture.shown("urn:x:bus") == ["id": "urn:x:bus", "type": "Bus", "doors": 2]
        )
    }

    @Test func `an entity that is missing, or another one, is not replaced`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await replace(fixture, ["type": "Bus"], EntityID("urn:x:no"))
        }
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await replace(fixture, ["id": "urn:x:shop", "type": "Bus"])
        }
    }

    @Test func `a party cannot change an entity to one beyond its rights`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        let driver = SubscriptionFixture.driver
        let before = try await fixture.shown("urn:x:bus")
        await #expect(throws: BrokerError(.forbidden, "")) {
            try await replace(fixture, ["type": "Shop"], caller: driver)
        }
        #expect(try await fixture.shown("urn:x:bus") == before)
        try await fixture.hidesShop { try await replace(fixture, [:], $0, caller: driver) }
    }
}
