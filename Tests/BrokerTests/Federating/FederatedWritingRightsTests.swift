import Clauses
import ContextModel
import Federation
import Governance
import Storage
import Testing

@testable import Broker

/// Who may not change an entity here may not do so through here, whatever its source has.
@Suite(.timeLimit(.minutes(1)), .clause("4.3.6", "5.6.1", "5.6.2", "5.6.6"))
struct FederatedWritingRightsTests {
    private static let writer = Caller(party: .named(PartyID("writer")))
    private static let id = EntityID("urn:x:1")

    private static func iri(_ name: String) -> IRI { SubscriptionFixture.iri(name) }
    private static func type(_ name: String) -> Condition { .type(iri(name)) }

    private static func policy(
        _ target: Condition,
        hiding: Set<IRI> = [],
        _ prohibitions: [Prohibition] = []
    ) -> Policy {
        var policy = Policy(permissions: [
            Permission(
                assignee: .party(PartyID("writer")),
                actions: [.read, .write],
                target: target,
                hiddenAttributes: hiding
            )
        ])
        policy.prohibitions = prohibitions
        return policy
    }

    /// A hub with a source of buses and trams that takes all changes.
    private func hub(
        _ policy: Policy,
        types: [String] = ["Bus", "Tram"]
    ) async throws -> FederatedFixture {
        let hub = try await FederatedFixture(policy: policy) { _ in SourceAnswer(status: 204) }
        try await hub.fixture.register([
            "operations": ["redirectionOps"],
            "information": .array(types.map { ["entities": [["type": .string($0)]]] }),
        ])
        return hub
    }

    private func change(
        _ hub: FederatedFixture,
        _ operation: DistributedOperation,
        _ body: JSONValue? = nil,
        attribute: String? = nil,
        types: Condition = .everything,
        by caller: Caller = writer
    ) async throws {
        let change = DistributedChange(
            operation,
            of: Self.id,
            attribute: attribute,
            body: body,
            types: types
        )
        _ =
            try await hub.fixture.hub.writing.distributed(
                change,
                Forwarding(
                    context: .core,
                    selections: [EntitySelection(types: types, ids: [Self.id])]
                ),
                caller: caller
            ) { _ in throw BrokerError.unknown(Self.id) } as DistributedAnswer<Bool>
    }

    private func refused(
        _ hub: FederatedFixture,
        _ operation: DistributedOperation,
        _ body: JSONValue? = nil,
        attribute: String? = nil,
        types: Condition = .everything,
        code: BrokerError.Code = .forbidden
    ) async throws {
        let error = await #expect(throws: BrokerError.self) {
            try await change(hub, operation, body, attribute: attribute, types: types)
        }
        #expect(error?.code == code)
        #expect(hub.source.requests.isEmpty)
    }

    @Test func `the right is needed for all types that the entity may have`() async throws {
        // The first type that is registered is one that the writer may change.
        let hub = try await hub(Self.policy(Self.type("Bus")))
        try await refused(hub, .deleteEntity)
        try await refused(hub, .updateEntity, ["speed": 1])
        try await refused(hub, .deleteEntity, types: Self.type("Tram"))
        // A body says what types the entity shall have, not what it is.
        try await refused(hub, .updateEntity, ["type": "Bus", "speed": 1])
        let notTrams = Self.type("Bus").and(.not(Self.type("Tram")))
        let buses = try await self.hub(Self.policy(notTrams), types: ["Bus"])
        try await refused(buses, .updateEntity, ["type": "Tram", "speed": 1])
        try await change(buses, .updateEntity, ["speed": 1])
        #expect(buses.source.requests.count == 1)
    }

    /// What is not changed is lost, and a question can be asked again.
    @Test(.clause("5.2.34")) func `a failure keeps no change from being tried`() async throws {
        for (members, count) in [([:], 2), (["management": ["cooldown": 5_000]], 1)]
            as [([String: JSONValue], Int)]
        {
            let hub = try await FederatedFixture { request in
                guard request.operation == .deleteEntity else {
                    throw SourceProblem.unreachable
                }
                return SourceAnswer(status: 204)
            }
            var all: [String: JSONValue] = ["operations": ["redirectionOps"]]
            for (key, value) in members { all[key] = value }
            try await hub.fixture.register(all)
            _ = try await hub.query()
            try? await change(hub, .deleteEntity, by: SubscriptionFixture.boss)
            #expect(hub.source.requests.count == count)
        }
    }

    @Test func `a source is told which types may be changed`() async throws {
        let hub = try await hub(Self.policy(Self.type("Bus")))
        try await change(hub, .deleteEntity, types: Self.type("Bus"))
        try await change(hub, .deleteAttrs, attribute: "speed", types: Self.type("Bus"))
        try await change(hub, .mergeEntity, ["speed": 1], by: SubscriptionFixture.boss)
        let types = hub.source.requests.map { request in
            request.parameters.first { $0.key == "type" }?.value
        }
        #expect(types == ["Bus", "Bus", "Bus,Tram"])
    }

    @Test func `an entity that is hidden here is none that anybody knows nothing of`() async throws
    {
        let open = Self.type("Bus").and(.not(.attribute(Self.iri("secret"))))
        let hub = try await hub(Self.policy(open), types: ["Bus"])
        try await hub.fixture.make(["id": "urn:x:1", "type": "Bus", "secret": 7])
        try await refused(hub, .deleteEntity, code: .resourceNotFound)
        let entity: JSONValue = ["id": "urn:x:1", "type": "Bus", "speed": 1]
        try await refused(hub, .createEntity, entity)
    }

    @Test func `what only the source knows makes no rule hold`() async throws {
        let secret = Condition.attribute(Self.iri("secret"))
        let exception = try await hub(
            Self.policy(Self.type("Bus").and(.not(secret))),
            types: ["Bus"]
        )
        try await refused(exception, .deleteEntity)
        let rule = try await hub(Self.policy(Self.type("Bus").and(secret)), types: ["Bus"])
        try await refused(rule, .deleteEntity)
        // Of attributes of any entity nothing is known.
        let any = try await FederatedFixture(policy: Self.policy(Self.type("Bus"))) { _ in
            SourceAnswer(status: 204)
        }
        try await any.fixture.register([
            "operations": ["redirectionOps"], "information": [["propertyNames": ["speed"]]],
        ])
        try await refused(any, .updateEntity, ["speed": 1])
        try await change(any, .updateEntity, ["speed": 1], types: Self.type("Bus"))
        #expect(any.source.requests.count == 1)
    }

    @Test func `hidden attributes get no value, at any depth`() async throws {
        let everywhere = try await hub(
            Self.policy(Self.type("Bus"), hiding: [Self.iri("driver")]),
            types: ["Bus"]
        )
        let deep: JSONValue = [
            "speed": ["type": "Property", "value": 1, "driver": ["type": "Property", "value": 2]]
        ]
        try await refused(everywhere, .updateEntity, deep)
        try await refused(everywhere, .updateAttrs, deep.objectValue?["speed"], attribute: "speed")
        let some = try await hub(
            Self.policy(
                Self.type("Bus").or(Self.type("Tram")),
                [
                    Prohibition(
                        assignee: .party(PartyID("writer")),
                        target: Self.type("Bus"),
                        attributes: [Self.iri("driver")]
                    )
                ]
            )
        )
        try await refused(some, .updateEntity, ["driver": 1])
        try await change(some, .updateEntity, ["driver": 1], types: Self.type("Tram"))
        #expect(some.source.requests.count == 1)
    }
}
