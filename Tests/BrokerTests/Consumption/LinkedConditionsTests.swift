import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

/// Clause 4.9, examples 13 and 14: queries over Linked Entities.
@Suite struct LinkedConditionsTests {
    private static let reader = Caller(party: .anonymous)

    /// A station with a sensor in a room, and a policy that lets anyone read it.
    private func station(
        readable: Condition = .everything,
        hidden: Set<IRI> = []
    ) async throws -> SubscriptionFixture {
        let rule = Permission(
            assignee: .anyone,
            actions: [.read],
            target: readable,
            hiddenAttributes: hidden
        )
        let fixture = try await SubscriptionFixture(policy: Policy(permissions: [rule]))
        try await fixture.make([
            "id": "urn:x:station", "type": "Station",
            "sensor": ["type": "Relationship", "object": ["urn:x:far", "urn:x:sensor"]],
        ])
        try await fixture.make([
            "id": "urn:x:sensor", "type": "Device", "humidity": 40,
            "room": ["type": "Relationship", "object": "urn:x:room"],
        ])
        try await fixture.make(["id": "urn:x:room", "type": "Room", "floor": 3])
        return fixture
    }

    private func found(_ q: String, in fixture: SubscriptionFixture) async throws -> [String] {
        let condition = try QParser(expansion: LDContext.core, linkDepth: 2).parse(q)
        let query = EntityQuery(condition: condition, limit: 10)
        let page = try await fixture.hub.reading.queryEntities(query, caller: Self.reader).page
        return try page.decoded().entities.map(\.id.uri)
    }

    @Test(arguments: [
        "sensor{humidity}==40", "sensor{Device:humidity}>39", "sensor{humidity}",
        "sensor{room{floor}}==3", "sensor{humidity}==1|sensor{humidity}==40",
    ])
    func `an entity is found by what it links to`(q: String) async throws {
        #expect(try await found(q, in: try await station()) == ["urn:x:station"])
    }

    @Test(arguments: [
        "sensor{humidity}==41", "sensor{Room:humidity}==40", "sensor{floor}",
        "sensor{room{floor}}==4", "sensor{humidity}==40;sensor{humidity}==41",
    ])
    func `an entity is not found by what it does not link to`(q: String) async throws {
        #expect(try await found(q, in: try await station()).isEmpty)
    }

    @Test func `a query reveals nothing about entities that the reader may not see`() async throws {
        let type = SubscriptionFixture.type("Station")
        let fixture = try await station(readable: type)
        #expect(try await found("sensor{humidity}==40", in: fixture).isEmpty)
        #expect(try await found("sensor", in: fixture) == ["urn:x:station"])
    }

    @Test func `attributes hidden from the reader cannot be queried through links`()
        async throws
    {
        let fixture = try await station(hidden: [SubscriptionFixture.iri("humidity")])
        await #expect(throws: BrokerError(.badRequestData, "")) {
            _ = try await found("sensor{humidity}==40", in: fixture)
        }
    }
}
