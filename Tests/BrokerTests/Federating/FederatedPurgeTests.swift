import Clauses
import ContextModel
import Federation
import Governance
import Storage
import Testing

@testable import Broker

/// Purges of which sources make parts.
@Suite(.timeLimit(.minutes(1)), .clause("4.3.6.3", "5.6.21")) struct FederatedPurgeTests {
    private static let writer = Caller(party: .named(PartyID("writer")))

    private static func iri(_ name: String) -> IRI { SubscriptionFixture.iri(name) }

    private func hub(
        _ members: [String: JSONValue] = [:],
        policy: Policy = SubscriptionFixture.open,
        _ script: @escaping ScriptedSource.Script = { _ in SourceAnswer(status: 204) }
    ) async throws -> FederatedFixture {
        let hub = try await FederatedFixture(policy: policy, script)
        var all: [String: JSONValue] = ["id": "urn:r:1", "operations": ["redirectionOps"]]
        for (key, value) in members { all[key] = value }
        try await hub.fixture.register(all)
        return hub
    }

    private func purge(
        _ hub: FederatedFixture,
        type: String = "Bus",
        ids: Set<EntityID>? = nil,
        q: String? = nil,
        _ extent: PurgeExtent = .entities,
        by caller: Caller = SubscriptionFixture.boss
    ) async throws -> DistributedAnswer<Int> {
        var condition = Condition.type(Self.iri(type))
        if let ids { condition = condition.and(.ids(ids)) }
        var filters: [KeyValuePair] = []
        if let q {
            filters = [KeyValuePair(key: "q", value: q)]
            condition = condition.and(
                try QParser(expansion: LDContext.core).parse(q, parameter: "q")
            )
        }
        return try await hub.fixture.hub.writing.purgeEntities(
            where: condition,
            extent,
            forwarding: Forwarding(
                context: .core,
                selections: [EntitySelection(types: .type(Self.iri(type)), ids: ids)],
                filters: filters
            ),
            caller: caller
        )
    }

    private static func policy(_ target: Condition, hiding: Set<IRI> = []) -> Policy {
        Policy(permissions: [
            Permission(
                assignee: .party(PartyID("writer")),
                actions: [.read, .write],
                target: target,
                hiddenAttributes: hiding
            )
        ])
    }

    @Test func `entities are purged here and there`() async throws {
        let hub = try await hub()
        for number in 1...3 {
            try await hub.fixture.make([
                "id": .string("urn:x:\(number)"), "type": "Bus",
                "speed": .number(JSONNumber(number)),
            ])
        }
        let answer = try await purge(hub, q: "speed>1")
        #expect(answer.own == 2 && answer.sources == 1 && answer.isWhole)
        #expect(try await hub.isHere("urn:x:1"))
        #expect(try await !hub.isHere("urn:x:2"))
        let request = try #require(hub.source.requests.first)
        #expect(request.operation == .purgeEntity)
        #expect(request.parameters.map(\.key) == ["type", "q"])
    }

    @Test func `a source that fails is told of, and alone is the error`() async throws {
        let hub = try await hub { _ in SourceAnswer(status: 403) }
        let error = await #expect(throws: BrokerError.self) { _ = try await purge(hub) }
        #expect(error?.code == .forbidden)
        try await hub.fixture.make(["id": "urn:x:1", "type": "Bus"])
        let answer = try await purge(hub)
        #expect(answer.own == 1)
        #expect(answer.failures.map(\.registration) == ["urn:r:1"])
        let refusing = try await self.hub(["mode": "redirect", "operations": ["retrieveOps"]])
        let conflict = await #expect(throws: BrokerError.self) { _ = try await purge(refusing) }
        #expect(conflict?.code == .conflict)
    }

    @Test func `what the caller may not change stays at sources, too`() async throws {
        let wide: JSONValue = [["entities": [["type": "Bus"]]], ["entities": [["type": "Tram"]]]]
        let buses = try await hub(
            ["information": wide],
            policy: Self.policy(.type(Self.iri("Bus")))
        )
        _ = try await purge(buses, type: "Tram", by: Self.writer)
        #expect(buses.source.requests.isEmpty)
        _ = try await purge(buses, by: Self.writer)
        #expect(buses.source.requests.map { $0.parameters.map(\.value) } == [["Bus"]])
        // What only the source knows makes no rule hold.
        let some = Condition.type(Self.iri("Bus")).and(.not(.attribute(Self.iri("secret"))))
        let secret = try await hub(policy: Self.policy(some))
        _ = try await purge(secret, by: Self.writer)
        let named = Condition.type(Self.iri("Bus")).and(.ids([EntityID("urn:x:1")]))
        let one = try await hub(policy: Self.policy(named))
        _ = try await purge(one, by: Self.writer)
        #expect(secret.source.requests.isEmpty && one.source.requests.isEmpty)
        _ = try await purge(one, ids: [EntityID("urn:x:1")], by: Self.writer)
        #expect(one.source.requests.count == 1)
        let hiding = try await hub(
            policy: Self.policy(.type(Self.iri("Bus")), hiding: [Self.iri("driver")])
        )
        await #expect(throws: BrokerError.self) {
            _ = try await purge(hiding, .attributes([Self.iri("driver")]), by: Self.writer)
        }
        #expect(hiding.source.requests.isEmpty)
    }

    /// A filter on what is hidden or shaped could be found out by asking again and again.
    @Test func `a filter that a source may not know of keeps it from being asked`() async throws {
        var policy = Self.policy(.type(Self.iri("Bus")))
        policy.prohibitions = [
            Prohibition(
                assignee: .party(PartyID("writer")),
                target: .everything,
                attributes: [Self.iri("speed")],
                shaping: RoundingStep(JSONNumber(10)).map { .round($0) }
            )
        ]
        let hub = try await hub(policy: policy)
        let error = await #expect(throws: BrokerError.self) {
            _ = try await purge(hub, q: "speed>1", by: Self.writer)
        }
        #expect(error?.code == .conflict)
        #expect(hub.source.requests.isEmpty)
    }
}
