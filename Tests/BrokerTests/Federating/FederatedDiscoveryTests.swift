import Clauses
import ContextModel
import Federation
import Governance
import Storage
import Testing

@testable import Broker

/// Types and attributes that sources say there are.
@Suite(
    .timeLimit(.minutes(1)),
    .clause("5.7.5", "5.7.6", "5.7.7", "5.7.8", "5.7.9", "5.7.10", "5.7.11")
)
struct FederatedDiscoveryTests {
    private static let reader = Caller(party: .named(PartyID("reader")))
    private static let forwarding = Forwarding(context: .core, selections: [EntitySelection()])

    private static func iri(_ name: String) -> IRI { SubscriptionFixture.iri(name) }

    /// A source of buses with speed and driver, and of trams.
    private static func answer(_ request: SourceRequest) -> SourceAnswer {
        switch request.operation {
        case .retrieveEntityTypes: .json(["typeList": ["Bus", "Tram"]])
        case .retrieveEntityTypeDetails:
            .json([
                ["typeName": "Bus", "attributeNames": ["speed", "driver"]],
                ["typeName": "Tram", "attributeNames": ["driver"]],
            ])
        case .retrieveEntityTypeInfo:
            .json([
                "typeName": "Bus", "entityCount": 5,
                "attributeDetails": [
                    ["attributeName": "speed", "attributeTypes": ["Property"]],
                    ["attributeName": "driver", "attributeTypes": ["Relationship"]],
                ],
            ])
        case .retrieveAttrTypes: .json(["attributeList": ["speed", "driver"]])
        case .retrieveAttrTypeDetails:
            .json([
                ["attributeName": "speed", "typeNames": ["Bus"]],
                ["attributeName": "driver", "typeNames": ["Bus", "Tram"]],
            ])
        case .retrieveAttrTypeInfo:
            .json([
                "attributeName": "driver", "attributeCount": 6, "typeNames": ["Bus", "Tram"],
                "attributeTypes": ["Relationship"],
            ])
        default: SourceAnswer(status: 404)
        }
    }

    private func hub(
        policy: Policy = SubscriptionFixture.open,
        _ members: [String: JSONValue] = [:],
        _ script: @escaping ScriptedSource.Script = { Self.answer($0) }
    ) async throws -> FederatedFixture {
        let hub = try await FederatedFixture(policy: policy, script)
        var all: [String: JSONValue] = [
            "information": [["entities": [["type": "Bus"]]], ["entities": [["type": "Tram"]]]]
        ]
        for (key, value) in members { all[key] = value }
        try await hub.fixture.register(all)
        // A local copy is not refused where a source alone has it.
        try await hub.fixture.make([
            "id": "urn:x:1", "type": "Bus", "speed": 5, "name": "seven",
        ])
        return hub
    }

    private static func words(_ names: [IRI]) -> [String] { names.map(LDContext.core.compact) }

    @Test func `what is here and there is told of once`() async throws {
        let hub = try await hub()
        let reading = hub.fixture.hub.reading
        let boss = SubscriptionFixture.boss
        let names = try await reading.typeNames(forwarding: Self.forwarding, caller: boss)
        #expect(Self.words(names.information) == ["Bus", "Tram"])
        let types = try await reading.types(forwarding: Self.forwarding, caller: boss).information
        #expect(
            types.map { Self.words($0.attributes.map(\.name)) } == [
                ["driver", "name", "speed"], ["driver"],
            ]
        )
        let bus = try await reading.type(
            Self.iri("Bus"),
            forwarding: Self.forwarding,
            caller: boss
        ).information
        #expect(bus.entityCount == 6)
        #expect(bus.attributes.map(\.kinds) == [[.relationship], [.property], [.property]])
        let all = try await reading.attributeNames(forwarding: Self.forwarding, caller: boss)
        #expect(Self.words(all.information) == ["driver", "name", "speed"])
        let details = try await reading.attributes(forwarding: Self.forwarding, caller: boss)
        #expect(
            details.information.map { Self.words($0.types) } == [
                ["Bus", "Tram"], ["Bus"], ["Bus"],
            ]
        )
        let driver = try await reading.attribute(
            Self.iri("driver"),
            forwarding: Self.forwarding,
            caller: boss
        ).information
        #expect(driver.attributeCount == 6 && driver.kinds == [.relationship])
        // Without forwarding it is what is here.
        let own = try await reading.typeNames(caller: boss)
        #expect(Self.words(own.information) == ["Bus"])
    }

    @Test func `a source that fails is named, and nothing else is lost`() async throws {
        let hub = try await hub(["contextSourceAlias": "city-b"]) { _ in
            throw SourceProblem.unreachable
        }
        let names = try await hub.fixture.hub.reading.typeNames(
            forwarding: Self.forwarding,
            caller: SubscriptionFixture.boss
        )
        #expect(Self.words(names.information) == ["Bus"])
        #expect(names.warnings.map(\.source) == ["city-b"])
        let error = await #expect(throws: BrokerError.self) {
            _ = try await hub.fixture.hub.reading.type(
                Self.iri("Tram"),
                forwarding: Self.forwarding,
                caller: SubscriptionFixture.boss
            )
        }
        #expect(error?.code == .resourceNotFound && error?.warnings.count == 1)
    }

    private static func policy(_ target: Condition, hiding: Set<IRI> = []) -> Policy {
        Policy(permissions: [
            Permission(
                assignee: .party(PartyID("reader")),
                actions: [.read],
                target: target,
                hiddenAttributes: hiding
            )
        ])
    }

    @Test func `types that the caller may not read are not told of`() async throws {
        let hub = try await hub(
            policy: Self.policy(.type(Self.iri("Bus")), hiding: [Self.iri("driver")])
        )
        let reading = hub.fixture.hub.reading
        let names = try await reading.typeNames(
            forwarding: Self.forwarding,
            caller: Self.reader
        )
        #expect(Self.words(names.information) == ["Bus"])
        let types = try await reading.types(forwarding: Self.forwarding, caller: Self.reader)
        #expect(
            types.information.map { Self.words($0.attributes.map(\.name)) } == [
                ["name", "speed"]
            ]
        )
        let asked = hub.source.requests.count
        for _ in 0..<2 {
            let error = await #expect(throws: BrokerError.self) {
                _ = try await reading.type(
                    Self.iri("Tram"),
                    forwarding: Self.forwarding,
                    caller: Self.reader
                )
            }
            #expect(error?.code == .resourceNotFound)
            await #expect(throws: BrokerError.self) {
                _ = try await reading.attribute(
                    Self.iri("driver"),
                    forwarding: Self.forwarding,
                    caller: Self.reader
                )
            }
        }
        // Nobody is asked for what would not be told.
        #expect(hub.source.requests.count == asked)
        let all = try await reading.attributeNames(
            forwarding: Self.forwarding,
            caller: Self.reader
        )
        #expect(Self.words(all.information) == ["name", "speed"])
    }

    /// What only the source knows makes no rule hold, also not the one that lets a type be told of.
    @Test func `a rule about values lets nothing be told of`() async throws {
        let fast = Condition.type(Self.iri("Bus")).and(.attribute(Self.iri("speed")))
        let hub = try await hub(policy: Self.policy(fast.or(.ids([EntityID("urn:x:9")]))))
        let types = try await hub.fixture.hub.reading.types(
            forwarding: Self.forwarding,
            caller: Self.reader
        )
        #expect(
            types.information.map { Self.words($0.attributes.map(\.name)) } == [
                ["name", "speed"]
            ]
        )
        let nothing = try await self.hub(policy: Policy(permissions: []))
        _ = try await nothing.fixture.hub.reading.typeNames(
            forwarding: Self.forwarding,
            caller: Self.reader
        )
        #expect(nothing.source.requests.isEmpty)
    }

    /// An attribute is told of only where it is of a type that the reader may read.
    @Test func `a count of several types is not told of one of them`() async throws {
        let hub = try await hub(policy: Self.policy(.type(Self.iri("Bus"))))
        let driver = try await hub.fixture.hub.reading.attribute(
            Self.iri("driver"),
            forwarding: Self.forwarding,
            caller: Self.reader
        ).information
        #expect(Self.words(driver.types) == ["Bus"] && driver.attributeCount == 0)
    }

    @Test(.clause("4.3.6.3")) func `copies of what is elsewhere are not told of`() async throws {
        let hub = try await hub(["mode": "redirect"]) { _ in SourceAnswer(status: 404) }
        let names = try await hub.fixture.hub.reading.typeNames(
            forwarding: Self.forwarding,
            caller: SubscriptionFixture.boss
        )
        #expect(names.information.isEmpty)
    }
}
