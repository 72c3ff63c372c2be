import Clauses
import ContextModel
import Governance
import Testing

@testable import Broker

@Suite(.clause("5.7.5", "5.7.6", "5.7.7", "5.7.8", "5.7.9", "5.7.10")) struct RetrieveTypesTests {
    private let boss = SubscriptionFixture.boss

    /// The bus, the shop, and a tram that is also a bus, with another kind of speed.
    private func city() async throws -> SubscriptionFixture {
        let fixture = try await SubscriptionFixture.shared()
        try await fixture.make([
            "id": "urn:x:tram", "type": ["Tram", "Bus"], "doors": 2,
            "speed": ["type": "VocabProperty", "vocab": "fast"],
        ])
        return fixture
    }

    private func iri(_ name: String) -> IRI { SubscriptionFixture.iri(name) }

    @Test func `every type is listed with its entities`() async throws {
        let types = try await city().hub.reading.types(caller: boss).information
        #expect(types.map(\.type) == [iri("Bus"), iri("Shop"), iri("Tram")])
        #expect(types.map(\.entityCount) == [2, 1, 1])
        #expect(types[0].attributes.map(\.name) == [iri("doors"), iri("speed")])
        #expect(types[0].attributes.map(\.attributeCount) == [1, 2])
    }

    @Test func `a type lists the kinds of its attributes`() async throws {
        let fixture = try await city()
        let bus = try await fixture.hub.reading.type(iri("Bus"), caller: boss).information
        #expect(bus.attributes.last?.kinds == [.property, .vocabProperty])
        let shop = try await fixture.hub.reading.type(iri("Shop"), caller: boss).information
        #expect(shop.attributes.map(\.kinds) == [[.property]])
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.hub.reading.type(iri("Ferry"), caller: boss)
        }
    }

    @Test func `an attribute lists the types that have it`() async throws {
        let fixture = try await city()
        let speed = try await fixture.hub.reading.attribute(iri("speed"), caller: boss).information
        #expect(speed.attributeCount == 3)
        #expect(speed.types == [iri("Bus"), iri("Shop"), iri("Tram")])
        let all = try await fixture.hub.reading.attributes(caller: boss).information
        #expect(all.map(\.name) == [iri("doors"), iri("speed")])
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.hub.reading.attribute(iri("colour"), caller: boss)
        }
    }

    @Test func `deleted entities are not counted`() async throws {
        let fixture = try await city()
        try await fixture.hub.writing.deleteEntity(EntityID("urn:x:tram"), caller: boss)
        #expect(
            try await fixture.hub.reading.types(caller: boss).information.map(\.type) == [
                iri("Bus"), iri("Shop"),
            ]
        )
        #expect(
            try await fixture.hub.reading.attributes(caller: boss).information.map(\.name) == [
                iri("speed")
            ]
        )
    }

    @Test func `a party discovers its own part alone`() async throws {
        let fixture = try await city()
        let driver = SubscriptionFixture.driver
        #expect(
            try await fixture.hub.reading.types(caller: driver).information.map(\.type) == [
                iri("Bus"), iri("Tram"),
            ]
        )
        let speed = try await fixture.hub.reading.attribute(iri("speed"), caller: driver)
            .information
        #expect(speed.attributeCount == 2)
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.hub.reading.type(iri("Shop"), caller: driver)
        }
    }

    @Test func `names have no limit, and details have one`()
        async throws
    {
        var limits = HubLimits()
        limits.maximumDiscovered = 3
        let fixture = try await SubscriptionFixture(hubLimits: limits)
        for (type, names) in [("Bus", ["a", "b"]), ("Shop", ["a", "c", "d"])] {
            for name in names {
                try await fixture.make([
                    "id": .string("urn:x:\(type):\(name)"), "type": .string(type), name: 1,
                ])
            }
        }
        let hub = fixture.hub
        #expect(
            try await hub.reading.typeNames(caller: boss).information == [iri("Bus"), iri("Shop")]
        )
        let names = try await hub.reading.attributeNames(caller: boss).information
        #expect(names == ["a", "b", "c", "d"].map(iri))
        for operation in [
            { _ = try await hub.reading.types(caller: SubscriptionFixture.boss) },
            { _ = try await hub.reading.attributes(caller: SubscriptionFixture.boss) },
        ] as [@Sendable () async throws -> Void] {
            await #expect(throws: BrokerError(.tooManyResults, "")) { try await operation() }
        }
        #expect(
            try await hub.reading.type(iri("Shop"), caller: boss).information.attributes.count == 3
        )
        #expect(
            try await hub.reading.attribute(iri("a"), caller: boss).information.types.count == 2
        )
        try await fixture.make(["id": "urn:x:more", "type": "Shop", "e": 1])
        await #expect(throws: BrokerError(.tooManyResults, "")) {
            try await hub.reading.type(iri("Shop"), caller: boss)
        }
        // A page shows the types all the same.
        let largest = try await hub.reading.largestTypes(2, caller: boss).information
        #expect(largest.map(\.type) == [iri("Shop"), iri("Bus")])
        #expect(largest.map(\.entityCount) == [4, 2])
        #expect(largest.map(\.attributes.count) == [0, 2])
    }
}
