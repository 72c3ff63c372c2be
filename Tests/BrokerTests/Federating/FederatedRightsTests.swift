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

    @Test func `who may see nothing here asks nobody else`() async throws {
        let hub = try await FederatedFixture(policy: Policy(permissions: [])) { _ in
            .json([["id": "urn:x:1", "type": "Bus"]])
        }
        try await hub.fixture.register()
        #expect(try await hub.query(caller: Self.reader).page.entities.isEmpty)
        #expect(hub.source.requests.isEmpty)
    }
}
