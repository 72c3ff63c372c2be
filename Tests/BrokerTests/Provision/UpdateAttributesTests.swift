import Clauses
import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

@Suite(.clause("5.6.2")) struct UpdateAttributesTests {
    private func update(
        _ fixture: SubscriptionFixture,
        _ json: JSONValue,
        of id: EntityID = EntityID("urn:x:bus"),
        types: Condition = .everything,
        caller: Caller = SubscriptionFixture.boss
    ) async throws -> UpdateResult {
        try await fixture.hub.writing.updateAttributes(
            of: id,
            json,
            types: types,
            ld: .core,
            caller: caller
        )
    }

    @Test func `the result lists updated attributes and others`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        let result = try await update(fixture, ["speed": 2, "doors": "urn:ngsi-ld:null"])
        #expect(result.updated == [SubscriptionFixture.iri("speed")])
        #expect(result.notUpdated == [SubscriptionFixture.iri("doors")])
        #expect(
            try await fixture.shown("urn:x:bus") == ["id": "urn:x:bus", "type": "Bus", "speed": 2]
        )
    }

    @Test func `history has every value, and the end`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        _ = try await update(fixture, ["speed": 2])
        _ = try await update(fixture, ["speed": "urn:ngsi-ld:null"])
        #expect(try await fixture.past("speed", of: "urn:x:bus") == [1, 2, "urn:ngsi-ld:null"])
        #expect(try await fixture.shown("urn:x:bus") == ["id": "urn:x:bus", "type": "Bus"])
    }

    @Test func `the body may repeat the id, not change it`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        _ = try await update(fixture, ["id": "urn:x:bus", "speed": 2])
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await update(fixture, ["id": "urn:x:other", "speed": 3])
        }
        #expect(try await fixture.past("speed", of: "urn:x:bus") == [1, 2])
    }

    @Test func `an entity of another type is not found`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await update(fixture, ["speed": 2], types: SubscriptionFixture.type("Shop"))
        }
    }

    @Test func `an entity beyond a party's rights does not exist for it`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        let driver = SubscriptionFixture.driver
        _ = try await update(fixture, ["speed": 2], caller: driver)
        try await fixture.hidesShop {
            _ = try await update(fixture, ["speed": 2], of: $0, caller: driver)
        }
    }

    @Test func `a missing tenant is not created by an update`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        let caller = Caller(party: .operator, tenant: TenantName("new"))
        await #expect(throws: BrokerError(.nonexistentTenant, "")) {
            try await update(fixture, ["speed": 2], caller: caller)
        }
        #expect(await fixture.store.tenantNames.isEmpty)
    }
}
