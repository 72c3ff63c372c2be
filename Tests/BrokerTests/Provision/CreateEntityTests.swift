import Clauses
import ContextModel
import Governance
import Testing

@testable import Broker

@Suite(.clause("5.6.1", "MULTITENANT")) struct CreateEntityTests {
    private static let bus: JSONValue = ["id": "urn:x:bus", "type": "Bus", "speed": 1]

    @Test func `a created entity is found, with its times and its history`() async throws {
        let fixture = try await SubscriptionFixture()
        let id = try await fixture.hub.writing.createEntity(
            Self.bus,
            ld: .core,
            caller: SubscriptionFixture.boss
        )
        #expect(id == EntityID("urn:x:bus"))
        #expect(try await fixture.shown("urn:x:bus") == Self.bus)
        #expect(try await fixture.past("speed", of: "urn:x:bus") == [1])
        let caller = SubscriptionFixture.boss
        let entity = try await fixture.hub.reading.retrieveEntity(id, caller: caller).entity
            .decoded()
        #expect(entity.createdAt != nil && entity.createdAt == entity.modifiedAt)
    }

    @Test func `an existing entity is not created again`() async throws {
        let fixture = try await SubscriptionFixture()
        try await fixture.make(Self.bus)
        await #expect(throws: BrokerError(.alreadyExists, "")) {
            try await fixture.make(["id": "urn:x:bus", "type": "Bus", "speed": 2])
        }
        #expect(try await fixture.shown("urn:x:bus") == Self.bus)
        #expect(try await fixture.past("speed", of: "urn:x:bus") == [1])
    }

    @Test(arguments: [[], [:], ["id": "urn:x:1"], ["id": "x", "type": "Bus"]] as [JSONValue])
    func `an invalid entity is refused`(json: JSONValue) async throws {
        let fixture = try await SubscriptionFixture()
        await #expect(throws: BrokerError(.badRequestData, "")) { try await fixture.make(json) }
    }

    @Test func `tenants do not see each other`() async throws {
        let fixture = try await SubscriptionFixture()
        let names = ["a", "b"].compactMap(TenantName.init)
        for tenant in names {
            try await fixture.make(
                ["id": "urn:x:bus", "type": "Bus", "speed": .string(tenant.text)],
                caller: Caller(party: .operator, tenant: tenant)
            )
        }
        for tenant in names {
            let bus = try await fixture.shown("urn:x:bus", tenant: tenant)
            #expect(bus.objectValue?["speed"] == .string(tenant.text))
        }
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.shown("urn:x:bus")
        }
        await #expect(throws: BrokerError(.nonexistentTenant, "")) {
            try await fixture.shown("urn:x:bus", tenant: TenantName("c"))
        }
    }

    @Test func `a party creates entities within its rights, and learns nothing of others`()
        async throws
    {
        let fixture = try await SubscriptionFixture.shared()
        let driver = SubscriptionFixture.driver
        try await fixture.make(["id": "urn:x:2", "type": "Bus"], caller: driver)
        for id in ["urn:x:3", "urn:x:shop"] as [JSONValue] {
            for type in ["Shop", "Bus"] as [JSONValue] where [id, type] != ["urn:x:3", "Bus"] {
                await #expect(throws: BrokerError(.forbidden, "")) {
                    try await fixture.make(["id": id, "type": type], caller: driver)
                }
            }
        }
        await #expect(throws: BrokerError(.alreadyExists, "")) {
            try await fixture.make(["id": "urn:x:bus", "type": "Bus"], caller: driver)
        }
    }

    @Test func `a caller without the right to write is refused as such`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        await #expect(throws: BrokerError(.unauthenticated, "")) {
            try await fixture.make(Self.bus, caller: Caller(party: .anonymous))
        }
        await #expect(throws: BrokerError(.forbidden, "")) {
            try await fixture.make(Self.bus, caller: Caller(party: .named(PartyID("other"))))
        }
    }
}
