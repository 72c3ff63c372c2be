import Clauses
import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

@Suite(.clause("5.14.2", "5.14.3")) struct UpdateEntityMapTests {
    private typealias Fixture = SubscriptionFixture

    private func update(
        _ fixture: Fixture,
        _ map: String,
        _ fragment: JSONValue
    ) async throws {
        try await fixture.hub.reading.updateEntityMap(map, fragment, caller: Fixture.boss)
    }

    @Test func `only the expiry changes, within the hub's limit`() async throws {
        let fixture = try await Fixture.mapped()
        let map = try await fixture.map()
        let before = try await fixture.hub.reading.retrieveEntityMap(map, caller: Fixture.boss)
        try await update(
            fixture,
            map,
            [
                "expiresAt": "2099-01-01T00:00:00Z", "entityMap": ["urn:x:forged": ["@none"]],
                "linkedMaps": ["a": "b"], "id": .string(map),
            ]
        )
        let after = try await fixture.hub.reading.retrieveEntityMap(map, caller: Fixture.boss)
        #expect(after.json["entityMap"] == before.json["entityMap"])
        #expect(after.json["linkedMaps"] == [:])
        let expiry = try #require(after.json["expiresAt"]?.stringValue)
        #expect(expiry > before.json["expiresAt"]?.stringValue ?? "")
        #expect(expiry < "2099")
    }

    @Test func `an expired map is not found`() async throws {
        let fixture = try await Fixture.mapped()
        let map = try await fixture.map()
        try await update(fixture, map, ["expiresAt": "2020-01-01T00:00:00Z"])
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.listed(map)
        }
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await update(fixture, map, ["expiresAt": "2099-01-01T00:00:00Z"])
        }
        let store = try #require(try await fixture.store.tenant(nil))
        try await fixture.hub.reading.removeExpiredEntityMaps(store)
        #expect(try await store.documents(.entityMap).isEmpty)
        #expect(try await store.documents(.entityMapEntries).isEmpty)
    }

    @Test(
        arguments: [
            ["expiresAt": "tomorrow"], ["expiresAt": nil], ["id": "urn:x:other"], ["speed": 1], 5,
        ] as [JSONValue]
    )
    func `members that cannot be changed are refused`(fragment: JSONValue) async throws {
        let fixture = try await Fixture.mapped()
        let map = try await fixture.map()
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await update(fixture, map, fragment)
        }
    }

    @Test func `a deleted map is not found, nor is its list`() async throws {
        let fixture = try await Fixture.mapped()
        let map = try await fixture.map()
        try await fixture.hub.reading.deleteEntityMap(map, caller: Fixture.boss)
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.hub.reading.deleteEntityMap(map, caller: Fixture.boss)
        }
        let store = try #require(try await fixture.store.tenant(nil))
        #expect(try await store.documents(.entityMapEntries).isEmpty)
    }
}
