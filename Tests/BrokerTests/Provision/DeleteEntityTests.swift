import Clauses
import ContextModel
import Governance
import Testing

@testable import Broker

@Suite(.clause("5.6.6")) struct DeleteEntityTests {
    private let bus = EntityID("urn:x:bus")
    private let boss = SubscriptionFixture.boss

    @Test func `a deleted entity is not found, and its history stays`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        try await fixture.hub.writing.deleteEntity(bus, caller: boss)
        let missing = BrokerError(.resourceNotFound, "")
        await #expect(throws: missing) { try await fixture.shown("urn:x:bus") }
        await #expect(throws: missing) {
            try await fixture.hub.writing.deleteEntity(bus, caller: boss)
        }
        #expect(try await fixture.past("speed", of: "urn:x:bus") == [1, "urn:ngsi-ld:null"])
    }

    @Test func `an entity that is created again continues its history`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        try await fixture.hub.writing.deleteEntity(bus, caller: boss)
        try await fixture.make(["id": "urn:x:bus", "type": "Bus", "speed": 3])
        #expect(try await fixture.past("speed", of: "urn:x:bus") == [1, "urn:ngsi-ld:null", 3])
    }

    @Test func `an entity beyond a party's rights does not exist for it`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        try await fixture.hidesShop {
            try await fixture.hub.writing.deleteEntity($0, caller: SubscriptionFixture.driver)
        }
    }
}
