import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

/// The rights to parts of a history of an entity that was first a shop, which the driver may not
/// see, and then a bus, which it may read and write.
@Suite struct RightsOverThePastTests {
    private static let boss = SubscriptionFixture.boss
    private static let driver = SubscriptionFixture.driver
    private static let id = EntityID("urn:x:thing")
    private static let speed = SubscriptionFixture.iri("speed")

    private static var query: TemporalQuery {
        TemporalQuery(
            condition: .ids([id]),
            timeProperty: .modifiedAt,
            instanceLimit: 100,
            limit: 10
        )
    }

    private static func reading(_ value: Int, at hour: Int) -> JSONValue {
        [
            "type": "Property", "value": .number(JSONNumber(value)),
            "observedAt": .string("2026-01-01T0\(hour):00:00Z"),
        ]
    }

    private static func thing(_ type: JSONValue, _ value: Int, at hour: Int) -> JSONValue {
        ["id": "urn:x:thing", "type": type, "speed": reading(value, at: hour)]
    }

    private func evolution(
        _ fixture: SubscriptionFixture,
        _ caller: Caller,
        _ query: TemporalQuery = Self.query
    ) async throws -> Evolution? {
        try await fixture.hub.reading.queryEvolutions(query, caller: caller).evolutions.first
    }

    private func speeds(
        _ fixture: SubscriptionFixture,
        _ caller: Caller
    ) async throws -> [JSONValue] {
        let evolution = try await evolution(fixture, caller)
        return evolution?.attributes.first { $0.name == Self.speed }?.instances.map(\.value) ?? []
    }

    /// A shop with two readings, deleted; then a bus that the driver creates.
    private func reborn() async throws -> SubscriptionFixture {
        let fixture = try await SubscriptionFixture.shared()
        try await fixture.make(Self.thing("Shop", 1, at: 1))
        _ = try await fixture.hub.writing.updateAttributes(
            of: Self.id,
            ["speed": Self.reading(2, at: 2)],
            ld: .core,
            caller: Self.boss
        )
        try await fixture.hub.writing.deleteEntity(Self.id, caller: Self.boss)
        try await fixture.make(Self.thing("Bus", 3, at: 3), caller: Self.driver)
        return fixture
    }

    @Test func `an entity created again starts without the history of a hidden one`() async throws {
        let fixture = try await reborn()
        #expect(try await speeds(fixture, Self.driver) == [3])
        #expect(try await speeds(fixture, Self.boss) == [1, 2, "urn:ngsi-ld:null", 3])
        let seen = try #require(try await evolution(fixture, Self.driver))
        let whole = try #require(try await evolution(fixture, Self.boss))
        #expect(seen.createdAt == whole.createdAt)
        #expect(seen.types == [SubscriptionFixture.iri("Bus")])
    }

    @Test func `an entity that becomes another one dates the end before`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        var shop = try #require(Self.thing("Shop", 1, at: 1).objectValue)
        shop["secret"] = 5
        try await fixture.make(.object(shop))
        try await fixture.hub.writing.replaceEntity(
            Self.id,
            Self.thing("Bus", 2, at: 2),
            ld: .core,
            caller: Self.boss
        )
        let seen = try #require(try await evolution(fixture, Self.driver))
        #expect(seen.attributes.map(\.name) == [Self.speed])
        #expect(try await speeds(fixture, Self.driver) == [2])
        let whole = try await evolution(fixture, Self.boss)?.attributes
        let secret = whole?.first { $0.name == SubscriptionFixture.iri("secret") }?.instances ?? []
        #expect(secret.map(\.value) == [5, "urn:ngsi-ld:null"])
        let last = whole?.first { $0.name == Self.speed }?.instances.last
        #expect(secret.last?.details?.deletedAt == last?.modifiedAt)
    }

    @Test func `aggregates and counts are of visible instances`() async throws {
        let fixture = try await reborn()
        var query = Self.query
        query.aggregation = Aggregation(methods: [.totalCount, .max], period: .whole)
        let sums = try #require(try await evolution(fixture, Self.driver, query)?.aggregates.first)
        #expect(sums.values.flatMap { $0.periods.map(\.value) } == [1, 3])
        query.aggregation = nil
        query.timeProperty = .observedAt
        query.to = Timestamp("2026-01-01T02:30:00Z")
        query.wantsCount = true
        let early = try await fixture.hub.reading.queryEvolutions(query, caller: Self.driver)
        #expect(early.evolutions.isEmpty && early.page.count == 0)
    }

    @Test func `a removal by a writer removes the visible part of a history`() async throws {
        let fixture = try await reborn()
        let hub = fixture.hub
        try await hub.writing.deleteAttributeFromEvolution(
            Self.speed,
            of: Self.id,
            datasetID: nil,
            all: true,
            caller: Self.driver
        )
        #expect(try await speeds(fixture, Self.boss) == [1, 2, "urn:ngsi-ld:null"])
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await hub.writing.deleteEvolution(of: Self.id, caller: Self.driver)
        }
        try await hub.writing.deleteEntity(Self.id, caller: Self.driver)
        #expect(try await speeds(fixture, Self.driver) == ["urn:ngsi-ld:null"])
        try await hub.writing.deleteEvolution(of: Self.id, caller: Self.driver)
        #expect(try await speeds(fixture, Self.boss) == [1, 2, "urn:ngsi-ld:null"])
        #expect(try await evolution(fixture, Self.driver) == nil)
    }

    @Test func `a single hidden instance can be neither changed nor removed`() async throws {
        let fixture = try await reborn()
        let whole = try #require(try await evolution(fixture, Self.boss))
        let oldest = try #require(whole.attributes.first?.instances.first)
        let name = try #require(oldest.details?.instanceID)
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.hub.writing.deleteInstance(
                name,
                of: Self.speed,
                entity: Self.id,
                caller: Self.driver
            )
        }
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.hub.writing.modifyInstance(
                name,
                of: "speed",
                entity: Self.id,
                ["speed": ["value": 9]],
                ld: .core,
                caller: Self.driver
            )
        }
        #expect(try await speeds(fixture, Self.boss) == [1, 2, "urn:ngsi-ld:null", 3])
    }

    /// With the same observation as the hidden one, and with another one of its moment.
    @Test(arguments: [2, 7])
    func `an instance of the moment of a hidden one is stored beside it`(value: Int) async throws {
        let fixture = try await reborn()
        let hub = fixture.hub
        try await hub.writing.addToEvolution(
            of: Self.id,
            ["speed": [Self.reading(value, at: 2)]],
            ld: .core,
            caller: Self.driver
        )
        #expect(Set(try await speeds(fixture, Self.driver)) == [3, .number(JSONNumber(value))])
        let all = try await speeds(fixture, Self.boss)
        #expect(all.count == 5 && all.contains(2))
        try await hub.writing.addToEvolution(
            of: Self.id,
            ["speed": [Self.reading(8, at: 2)]],
            ld: .core,
            caller: Self.driver
        )
        #expect(Set(try await speeds(fixture, Self.driver)) == [3, 8])
        #expect(try await speeds(fixture, Self.boss).contains(2))
    }

    @Test func `whoever could see a former state still sees it, and nothing later`()
        async throws
    {
        let fixture = try await SubscriptionFixture.shared()
        try await fixture.make(Self.thing("Bus", 1, at: 1))
        try await fixture.hub.writing.replaceEntity(
            Self.id,
            ["type": "Shop", "speed": Self.reading(2, at: 2)],
            ld: .core,
            caller: Self.boss
        )
        #expect(try await speeds(fixture, Self.driver) == [1])
        let seen = try #require(try await evolution(fixture, Self.driver))
        #expect(seen.types == [SubscriptionFixture.iri("Bus")])
        var byType = Self.query
        byType.condition = SubscriptionFixture.type("Bus")
        let buses = try await fixture.hub.reading.queryEvolutions(byType, caller: Self.driver)
            .evolutions
        #expect(buses.map(\.id.uri) == ["urn:x:bus", "urn:x:thing"])
        byType.condition = SubscriptionFixture.type("Shop")
        #expect(try await evolution(fixture, Self.driver, byType) == nil)
    }

    @Test func `an entity that becomes visible shows its history from then on`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        try await fixture.make(Self.thing("Shop", 1, at: 1))
        try await fixture.hub.writing.replaceEntity(
            Self.id,
            ["type": "Bus", "speed": Self.reading(2, at: 2), "scope": "/A"],
            ld: .core,
            caller: Self.boss
        )
        #expect(try await speeds(fixture, Self.driver) == [2])
        #expect(try await evolution(fixture, Self.driver)?.scopes.map(\.value) == ["/A"])
        #expect(try await speeds(fixture, Self.boss) == [1, 2])
    }

    @Test func `scopes that held while hidden are not shown`() async throws {
        let rule = Permission(
            assignee: .party(PartyID("driver")),
            actions: [.read, .write],
            target: .scope(ScopePattern(segments: ["Open"]))
        )
        let fixture = try await SubscriptionFixture(policy: Policy(permissions: [rule]))
        try await fixture.make(
            ["id": "urn:x:thing", "type": "Bus", "scope": "/Secret", "speed": 1]
        )
        for (scope, speed): (JSONValue, JSONValue) in [("/Open", 2), ("/Hidden", 3), ("/Open", 4)] {
            try await fixture.hub.writing.mergeEntity(
                Self.id,
                ["scope": scope, "speed": speed],
                ld: .core,
                caller: Self.boss
            )
        }
        #expect(try await speeds(fixture, Self.driver) == [2, 4])
        let seen = try #require(try await evolution(fixture, Self.driver))
        #expect(seen.scopes.map(\.value.scopes) == [["/Open"], ["/Open"]])
        #expect(try await speeds(fixture, Self.boss) == [1, 2, 3, 4])
    }
}
