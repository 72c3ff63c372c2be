import Clauses
import ContextModel
import Federation
import Governance
import Storage
import Testing

@testable import Broker

/// What a caller may not see stays hidden when sources have parts of it.
@Suite(.timeLimit(.minutes(1)), .clause("4.3.6")) struct FederatedRightsTests {
    private static let reader = Caller(party: .named(PartyID("reader")))

    private static func iri(_ name: String) -> IRI { SubscriptionFixture.iri(name) }

    private func permission(_ target: Condition, hiding: Set<IRI> = []) -> Permission {
        Permission(
            assignee: .party(PartyID("reader")),
            actions: [.read],
            target: target,
            hiddenAttributes: hiding
        )
    }

    @Test func `no credential of a caller leaves the hub`() async throws {
        let hub = try await FederatedFixture { _ in .json([]) }
        let keys = ["Authorization", "Cookie", "DPoP", "Signature", "X-Auth-Token", "X-Colour"]
        try await hub.fixture.register([
            "contextSourceInfo": .array(
                keys.map { ["key": .string($0), "value": "urn:ngsi-ld:request"] }
            )
        ])
        let conveyed = Dictionary(uniqueKeysWithValues: keys.map { ($0.lowercased(), "mine") })
        _ = try await hub.query(conveyed: conveyed)
        #expect(
            hub.source.requests.flatMap(\.info) == [KeyValuePair(key: "X-Colour", value: "mine")]
        )
    }

    @Test func `an entity that is hidden here is hidden when a source has a part of it`()
        async throws
    {
        let open = Condition.type(Self.iri("Bus")).and(.not(.type(Self.iri("Secret"))))
        let hub = try await FederatedFixture(policy: Policy(permissions: [permission(open)])) { _ in
            .json([
                ["id": "urn:x:1", "type": "Bus", "speed": 5], ["id": "urn:x:2", "type": "Bus"],
            ])
        }
        try await hub.fixture.make(["id": "urn:x:1", "type": ["Bus", "Secret"]])
        try await hub.fixture.register()
        #expect(try FederatedFixture.ids(try await hub.query(caller: Self.reader)) == ["urn:x:2"])
        #expect(try await hub.query().page.count == 2)
    }

    /// What a source adds can make a rule hold for an entity; the hub's own part stays as hidden as it
    /// was.
    @Test func `no source shows more of the hub's own part`() async throws {
        let rule = permission(.type(Self.iri("Open")))
        let hub = try await FederatedFixture(policy: Policy(permissions: [rule])) { _ in
            .json([["id": "urn:x:1", "type": ["Bus", "Open"]]])
        }
        try await hub.fixture.make(["id": "urn:x:1", "type": "Bus", "driver": "Ana"])
        try await hub.fixture.register()
        #expect(try FederatedFixture.ids(try await hub.query(caller: Self.reader)) == [])
    }

    @Test func `attributes are hidden and values are shaped, whoever has them`() async throws {
        var policy = Policy(permissions: [
            permission(.type(Self.iri("Bus")), hiding: [Self.iri("driver")])
        ])
        policy.prohibitions = [
            Prohibition(
                assignee: .party(PartyID("reader")),
                target: .everything,
                attributes: [Self.iri("speed")],
                shaping: RoundingStep(JSONNumber(10)).map { .round($0) }
            )
        ]
        let hub = try await FederatedFixture(policy: policy) { _ in
            .json([["id": "urn:x:1", "type": "Bus", "driver": "Ana", "speed": 37]])
        }
        try await hub.fixture.make(["id": "urn:x:1", "type": "Bus", "name": "seven"])
        try await hub.fixture.register()
        let found = try await hub.query(["q": "speed>36"], caller: Self.reader)
        let entity = try #require(found.page.entities.first).value()
        #expect(entity[Self.iri("driver")].isEmpty)
        #expect(entity[Self.iri("name")].map(\.value) == ["seven"])
        #expect(entity[Self.iri("speed")].map(\.value) == [40])
        // Asking a source again and again would find out what is rounded away.
        let asked = hub.source.requests.flatMap(\.parameters).map(\.key)
        #expect(!asked.contains("q"))
    }

    /// One source must not open what another one says is of a type that the reader may not see.
    @Test func `a part of a hidden type is left out`() async throws {
        let rule = permission(.type(Self.iri("Bus")))
        let hub = try await FederatedFixture(policy: Policy(permissions: [rule])) { request in
            request.endpoint.contains("open")
                ? .json([["id": "urn:x:1", "type": "Bus", "speed": 5]])
                : .json([["id": "urn:x:1", "type": "Safe", "code": 7]])
        }
        try await hub.fixture.register(["id": "urn:r:1", "endpoint": "http://open.example"])
        try await hub.fixture.register([
            "id": "urn:r:2", "endpoint": "http://safe.example",
            "information": [["entities": [["type": "Safe"]]]],
        ])
        let types = Condition.any([.type(Self.iri("Bus")), .type(Self.iri("Safe"))])
        let seen = try await hub.query(condition: types, types: types, caller: Self.reader)
        let entity = try #require(seen.page.entities.first).value()
        #expect(entity.types == [Self.iri("Bus")])
        #expect(entity.attributes.map(\.name) == [Self.iri("speed")])
        let all = try await hub.query(condition: types, types: types)
        #expect(try all.page.entities.first?.value().attributes.count == 2)
    }

    @Test(.clause("5.7.2")) func `csf does not tell where a source is`() async throws {
        let hub = try await FederatedFixture { _ in .json([["id": "urn:x:1", "type": "Bus"]]) }
        try await hub.fixture.register([
            "endpoint": "http://inner.example", "tenant": "secret", "colour": "red",
            "contextSourceInfo": [["key": "Authorization", "value": "Bearer x"]],
        ])
        for csf in [
            "endpoint~=\".*inner.*\"", "endpoint", "tenant==\"secret\"", "contextSourceInfo",
            "management",
        ] {
            let condition = try QParser(expansion: LDContext.core).parse(csf, parameter: "csf")
            #expect(try await hub.query(csf: condition).page.entities.isEmpty, "\(csf)")
        }
        #expect(hub.source.requests.isEmpty)
        let colour = try QParser(expansion: LDContext.core).parse(
            "colour==\"red\"",
            parameter: "csf"
        )
        #expect(try await hub.query(csf: colour).page.entities.count == 1)
    }

    @Test func `sources are not asked for what is hidden here`() async throws {
        let rule = permission(.type(Self.iri("Bus")).and(.not(.attribute(Self.iri("secret")))))
        let hub = try await FederatedFixture(policy: Policy(permissions: [rule])) { _ in
            .json(["id": "urn:x:1", "type": "Bus"])
        }
        try await hub.fixture.make(["id": "urn:x:1", "type": "Bus", "secret": 7])
        try await hub.fixture.register()
        await #expect(throws: BrokerError.self) {
            try await hub.retrieve("urn:x:1", caller: Self.reader)
        }
        #expect(hub.source.requests.isEmpty)
        #expect(try await hub.retrieve("urn:x:1").entity.value().attributes.count == 1)
    }

    @Test func `who may see nothing here asks nobody else`() async throws {
        let hub = try await FederatedFixture(policy: Policy(permissions: [])) { _ in
            .json([["id": "urn:x:1", "type": "Bus"]])
        }
        try await hub.fixture.register()
        #expect(try await hub.query(caller: Self.reader).page.entities.isEmpty)
        #expect(hub.source.requests.isEmpty)
    }
}
