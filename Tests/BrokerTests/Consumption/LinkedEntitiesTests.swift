import Clauses
import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

@Suite(.clause("4.5.23")) struct LinkedEntitiesTests {
    private static let reader = Caller(party: .anonymous)
    private static let shop = EntityID("urn:x:shop")

    private static func type(_ name: String) -> Condition { .type(LDContext.core.expand(name)) }
    private static func name(_ name: String) -> IRI { LDContext.core.expand(name) }

    /// A shop in a city in a country, and a policy that lets anyone read it.
    private func city(
        readable: Condition = .everything,
        hidden: Set<IRI> = []
    ) async throws -> SubscriptionFixture {
        let rule = Permission(
            assignee: .anyone,
            actions: [.read, .subscribe],
            target: readable,
            hiddenAttributes: hidden
        )
        let fixture = try await SubscriptionFixture(policy: Policy(permissions: [rule]))
        for entity in Self.entities {
            _ = try await fixture.hub.writing.createEntity(
                entity,
                ld: .core,
                caller: SubscriptionFixture.boss
            )
        }
        return fixture
    }

    private static let entities: [JSONValue] = [
        [
            "id": "urn:x:shop", "type": "Shop",
            "name": ["type": "Property", "value": "Baan"],
            "at": ["type": "Relationship", "object": "urn:x:city"],
        ],
        [
            "id": "urn:x:city", "type": "City",
            "budget": ["type": "Property", "value": 7],
            "in": ["type": "Relationship", "object": "urn:x:country"],
        ],
        ["id": "urn:x:country", "type": "Country"],
    ]

    private func linked(
        _ fixture: SubscriptionFixture,
        level: Int = 2,
        shownAs projection: Projection = Projection()
    ) async throws -> [AppendedEntity] {
        var representation = Representation(projection: projection)
        representation.join = Join(.flat, level: level)
        let answer = try await fixture.hub.reading.retrieveEntity(
            Self.shop,
            shownAs: representation,
            caller: Self.reader
        )
        guard case .appended(let entities)? = answer.linked else { return [] }
        return entities
    }

    @Test func `links are followed level by level`() async throws {
        let fixture = try await city()
        #expect(try await linked(fixture).map(\.entity.id.uri) == ["urn:x:city", "urn:x:country"])
        #expect(try await linked(fixture, level: 1).map(\.entity.id.uri) == ["urn:x:city"])
    }

    @Test func `an entity that the reader may not see stays a Relationship and hides its links`()
        async throws
    {
        let fixture = try await city(readable: Self.type("Shop").or(Self.type("Country")))
        #expect(try await linked(fixture).isEmpty)
    }

    @Test func `attributes hidden from the reader are hidden in linked entities`() async throws {
        let fixture = try await city(hidden: [Self.name("budget")])
        let cities = try await linked(fixture, level: 1)
        #expect(cities.map { $0.entity.attributes.map(\.name) } == [[Self.name("in")]])
    }

    @Test func `a Relationship hidden from the reader is not followed`() async throws {
        let fixture = try await city(hidden: [Self.name("at")])
        #expect(try await linked(fixture).isEmpty)
    }

    @Test func `too many linked entities are an error with a suggestion`() async throws {
        let fixture = try await city()
        var limits = fixture.hub.limits
        limits.maximumLinkedEntities = 1
        let hub = Hub(
            store: fixture.store,
            policy: fixture.hub.access.policy,
            limits: limits,
            contextSource: NoContexts(),
            publicURL: "http://hub.example",
            identity: fixture.hub.identity,
            clock: fixture.hub.clock,
            makeIdentifier: fixture.hub.makeIdentifier,
            logger: fixture.hub.logger
        )
        var representation = Representation()
        representation.join = Join(.inline, level: 2)
        await #expect(throws: BrokerError(.tooComplexQuery, "")) {
            try await hub.reading.retrieveEntity(
                Self.shop,
                shownAs: representation,
                caller: Self.reader
            )
        }
    }

    @Test func `an entity with nothing to show is not found`() async throws {
        let fixture = try await city(hidden: [Self.name("budget")])
        let hub = fixture.hub
        for name in ["unknown", "budget"] {
            let pick = Projection(attributes: [Self.name(name)], entityMembers: [])
            await #expect(throws: BrokerError(.resourceNotFound, "")) {
                try await hub.reading.retrieveEntity(
                    EntityID("urn:x:city"),
                    shownAs: Representation(projection: pick),
                    caller: Self.reader
                )
            }
        }
    }

    @Test func `a query shows and counts only entities with something picked`() async throws {
        let fixture = try await city(hidden: [Self.name("budget")])
        func found(_ attributes: Set<IRI>, _ members: Set<String> = []) async throws -> Int? {
            let pick = Projection(attributes: attributes, entityMembers: members)
            let query = EntityQuery(condition: .everything, limit: 10, wantsCount: true)
            let answer = try await fixture.hub.reading.queryEntities(
                query,
                shownAs: Representation(projection: pick),
                caller: Self.reader
            )
            #expect(answer.page.count == answer.page.entities.count)
            return answer.page.count
        }
        #expect(try await found([Self.name("name")]) == 1)
        #expect(try await found([Self.name("name"), Self.name("in")]) == 2)
        #expect(try await found([Self.name("name")], ["id"]) == 3)
        #expect(try await found([Self.name("budget")]) == 0)
    }

    @Test func `notifications show linked entities as the subscriber may see them`() async throws {
        let fixture = try await city(hidden: [Self.name("budget")])
        try await fixture.delivering {
            try await fixture.subscribe(
                [
                    "entities": [["type": "Shop"]],
                    "notification": ["join": "inline", "joinLevel": 2, "format": "simplified"],
                ],
                caller: Self.reader
            )
            _ = try await fixture.hub.writing.updateAttributes(
                of: Self.shop,
                ["name": ["type": "Property", "value": "Baan 2"]],
                ld: .core,
                caller: SubscriptionFixture.boss
            )
            let shops = await fixture.recorder.next(1)[0].entities
            #expect(
                shops[0]["at"] == [
                    "id": "urn:x:city", "type": "City",
                    "in": ["id": "urn:x:country", "type": "Country"],
                ]
            )
        }
    }

    @Test(
        arguments: [
            ["join": "sideways"], ["join": "flat", "joinLevel": 0],
            ["join": "flat", "joinLevel": 99], ["join": "flat", "joinLevel": "1"],
            ["pick": ["at{name}"]], ["join": "flat", "pick": ["at{in{name}}"]],
            ["pick": ["id"], "omit": ["id"]],
        ] as [JSONObject]
    )
    func `a subscription with an invalid join or projection is refused`(
        notification: JSONObject
    ) async throws {
        let fixture = try await city()
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await fixture.subscribe(["notification": .object(notification)])
        }
    }
}
