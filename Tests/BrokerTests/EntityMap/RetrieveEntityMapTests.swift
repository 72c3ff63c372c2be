import Clauses
import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

@Suite(.clause("5.14.1")) struct RetrieveEntityMapTests {
    private typealias Fixture = SubscriptionFixture
    private static let office = Caller(party: .named(PartyID("office")))

    @Test func `a map is its maker's alone, even for the operator`() async throws {
        let policy = Policy(permissions: [Fixture.rule("office", .everything)])
        let fixture = try await Fixture.mapped(policy)
        let map = try await fixture.map(caller: Self.office)
        for other in [Fixture.boss, Caller(party: .anonymous)] {
            await #expect(throws: BrokerError(.resourceNotFound, "")) {
                try await fixture.hub.reading.retrieveEntityMap(map, caller: other)
            }
            await #expect(throws: BrokerError(.resourceNotFound, "")) {
                let fragment: JSONValue = ["expiresAt": "2020-01-01T00:00:00Z"]
                try await fixture.hub.reading.updateEntityMap(map, fragment, caller: other)
            }
            await #expect(throws: BrokerError(.resourceNotFound, "")) {
                try await fixture.hub.reading.deleteEntityMap(map, caller: other)
            }
        }
        #expect(try await fixture.listed(map, caller: Self.office).count == 5)
    }

    @Test func `a map shows no entity that was deleted or hidden since`() async throws {
        let fast = try QParser(expansion: LDContext.core).parse("speed>2")
        let policy = Policy(permissions: [Fixture.rule("office", fast)])
        let fixture = try await Fixture.mapped(policy)
        let map = try await fixture.map(caller: Self.office)
        #expect(try await fixture.listed(map, caller: Self.office).count == 3)
        try await fixture.delete("urn:x:4")
        let slow: JSONValue = ["speed": 1]
        _ = try await fixture.hub.writing.updateAttributes(
            of: EntityID("urn:x:5"),
            slow,
            ld: .core,
            caller: Fixture.boss
        )
        #expect(try await fixture.listed(map, caller: Self.office) == ["urn:x:3"])
    }

    @Test func `a map of evolutions lists deleted entities, as their history stays`() async throws {
        let fixture = try await Fixture.mapped()
        let map = try await fixture.hub.reading.createEntityMap(
            of: Fixture.allMoments,
            Fixture.asked,
            caller: Fixture.boss
        )
        let id = try #require(map.json["id"]?.stringValue)
        try await fixture.delete("urn:x:1")
        #expect(try await fixture.listed(id).count == 5)
        try await fixture.hub.writing.deleteEvolution(of: EntityID("urn:x:1"), caller: Fixture.boss)
        #expect(try await fixture.listed(id) == (2...5).map { "urn:x:\($0)" })
    }

    @Test func `the maps of a tenant are not in another`() async throws {
        let fixture = try await Fixture.mapped()
        let map = try await fixture.map()
        let north = Caller(party: .operator, tenant: TenantName("north"))
        try await fixture.make(["id": "urn:x:1", "type": "Bus"], caller: north)
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.listed(map, caller: north)
        }
    }

    @Test func `an identifier must be a URI`() async throws {
        let fixture = try await Fixture.mapped()
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await fixture.listed("no uri")
        }
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.listed("urn:ngsi-ld:EntityMap:1")
        }
    }
}
