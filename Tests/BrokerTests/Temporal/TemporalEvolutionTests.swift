import Clauses
import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

/// The operations on temporal evolutions, from the first instance to the last.
@Suite(.clause("5.6.11", "5.6.12", "5.6.13", "5.6.14", "5.6.15", "5.6.16", "5.7.3", "QueTemEvoEnt"))
struct TemporalEvolutionTests {
    private static let boss = SubscriptionFixture.boss
    private static let bus = EntityID("urn:x:past")
    private static let speed = SubscriptionFixture.iri("speed")

    private static func instances(_ values: ClosedRange<Int>) -> JSONValue {
        .array(
            values.map {
                [
                    "value": .number(JSONNumber($0)),
                    "observedAt": .string("2026-01-0\($0)T00:00:00Z"),
                ]
            }
        )
    }

    /// A bus with history alone, with speeds 1 to 4 on the first days of the year, beside the data
    /// of the driver's hub.
    private func city() async throws -> SubscriptionFixture {
        let fixture = try await SubscriptionFixture.shared()
        let (_, isNew) = try await upsert(fixture, 1...4)
        #expect(isNew)
        return fixture
    }

    private func upsert(
        _ fixture: SubscriptionFixture,
        _ values: ClosedRange<Int>,
        _ id: String = "urn:x:past",
        type: JSONValue = "Bus",
        caller: Caller = TemporalEvolutionTests.boss
    ) async throws -> (id: EntityID, isNew: Bool) {
        try await fixture.hub.writing.upsertEvolution(
            ["id": .string(id), "type": type, "speed": Self.instances(values)],
            ld: .core,
            caller: caller
        )
    }

    private func query(
        from: String? = nil,
        to: String? = nil,
        lastN: Int? = nil
    ) -> TemporalQuery {
        TemporalQuery(
            condition: .everything,
            from: from.flatMap { Timestamp("2026-01-\($0)T00:00:00Z") },
            to: to.flatMap { Timestamp("2026-01-\($0)T00:00:00Z") },
            lastN: lastN,
            instanceLimit: 100,
            limit: 10
        )
    }

    private func seen(
        _ fixture: SubscriptionFixture,
        _ query: TemporalQuery? = nil,
        of id: EntityID = TemporalEvolutionTests.bus,
        caller: Caller = TemporalEvolutionTests.boss
    ) async throws -> [Attribute] {
        let page = try await fixture.hub.reading.retrieveEvolution(
            of: id,
            query ?? self.query(),
            caller: caller
        )
        return page.evolutions.first?.attributes.first { $0.name == Self.speed }?.instances ?? []
    }

    private func values(
        _ fixture: SubscriptionFixture,
        _ query: TemporalQuery? = nil
    ) async throws -> [JSONValue] { try await seen(fixture, query).map(\.value) }

    @Test func `an evolution is returned oldest first, with identifiers`() async throws {
        let seen = try await seen(try await city())
        #expect(seen.map(\.value) == [1, 2, 3, 4])
        let names = seen.compactMap { $0.details?.instanceID }
        #expect(Set(names).count == 4)
        #expect(names.allSatisfy(URIText.isValid))
    }

    @Test func `an upsert adds to the evolution, and nothing twice`() async throws {
        let fixture = try await city()
        #expect(try await upsert(fixture, 3...6).isNew == false)
        #expect(try await values(fixture) == [1, 2, 3, 4, 5, 6])
    }

    @Test func `temporal operations do not change current state`() async throws {
        let fixture = try await city()
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.shown("urn:x:past")
        }
        _ = try await upsert(fixture, 7...8, "urn:x:bus")
        #expect(try await fixture.shown("urn:x:bus").objectValue?["speed"] == 1)
    }

    @Test func `a range is half open, and lastN counts from its end`() async throws {
        let fixture = try await city()
        #expect(try await values(fixture, query(from: "02", to: "04")) == [2, 3])
        #expect(try await values(fixture, query(lastN: 2)) == [3, 4])
        #expect(try await values(fixture, query(to: "04", lastN: 2)) == [2, 3])
    }

    @Test func `an evolution without an instance in the range is not found`() async throws {
        let fixture = try await city()
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await seen(fixture, query(from: "09"))
        }
    }

    @Test func `values are aggregated by period`() async throws {
        let fixture = try await city()
        var query = query()
        query.aggregation = Aggregation(
            methods: [.sum, .max],
            period: .fixed(microseconds: 2 * 86_400_000_000)
        )
        let page = try await fixture.hub.reading.retrieveEvolution(
            of: Self.bus,
            query,
            caller: Self.boss
        )
        let aggregates = try #require(page.evolutions.first).aggregates
        #expect(aggregates.map(\.name) == [Self.speed])
        let all = aggregates.first?.values ?? []
        #expect(all.map(\.method) == [.sum, .max])
        #expect(all.map { $0.periods.map(\.value) } == [[3, 7], [2, 4]])
        #expect(all.first?.periods.map(\.from.text).first == "2026-01-01T00:00:00Z")
    }

    @Test(.clause("4.5.19")) func `attributes that cannot be aggregated are reported`()
        async throws
    {
        let fixture = try await city()
        let name = SubscriptionFixture.iri("name")
        try await fixture.hub.writing.addToEvolution(
            of: Self.bus,
            ["name": [["value": "x", "observedAt": "2026-01-01T00:00:00Z"]]],
            ld: .core,
            caller: Self.boss
        )
        var query = query()
        query.condition = .ids([Self.bus])
        query.aggregation = Aggregation(methods: [.sum], period: .whole)
        let page = try await fixture.hub.reading.queryEvolutions(query, caller: Self.boss)
        #expect(page.evolutions.flatMap(\.aggregates).map(\.name) == [Self.speed])
        query.attributes = [name, Self.speed]
        let wanted = query
        await #expect(throws: BrokerError(.invalidRequest, "")) {
            try await fixture.hub.reading.queryEvolutions(wanted, caller: Self.boss)
        }
    }

    @Test func `attributes are added to an evolution that exists`() async throws {
        let fixture = try await city()
        let more: JSONValue = ["speed": Self.instances(5...5)]
        try await fixture.hub.writing.addToEvolution(
            of: Self.bus,
            more,
            ld: .core,
            caller: Self.boss
        )
        #expect(try await values(fixture) == [1, 2, 3, 4, 5])
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.hub.writing.addToEvolution(
                of: EntityID("urn:x:no"),
                more,
                ld: .core,
                caller: Self.boss
            )
        }
    }

    private func instanceID(_ fixture: SubscriptionFixture, _ index: Int) async throws -> String {
        try #require(try await seen(fixture)[index].details?.instanceID)
    }

    @Test func `one instance is corrected, and the others stay`() async throws {
        let fixture = try await city()
        let second = try await instanceID(fixture, 1)
        try await fixture.hub.writing.modifyInstance(
            second,
            of: "speed",
            entity: Self.bus,
            ["speed": ["value": 9, "observedAt": "2026-01-02T00:00:00Z"]],
            ld: .core,
            caller: Self.boss
        )
        #expect(try await values(fixture) == [1, 9, 3, 4])
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.hub.writing.modifyInstance(
                "urn:x:no",
                of: "speed",
                entity: Self.bus,
                ["value": 9],
                ld: .core,
                caller: Self.boss
            )
        }
    }

    private func remove(
        _ what: HistoryRemoval,
        of id: EntityID = TemporalEvolutionTests.bus,
        from fixture: SubscriptionFixture,
        caller: Caller = TemporalEvolutionTests.boss
    ) async throws {
        let hub = fixture.hub
        switch what {
        case .everything: try await hub.writing.deleteEvolution(of: id, caller: caller)
        case .instance(let name, let instance):
            try await hub.writing.deleteInstance(instance, of: name, entity: id, caller: caller)
        case .attribute(let name, let datasetID):
            try await hub.writing.deleteAttributeFromEvolution(
                name,
                of: id,
                datasetID: datasetID,
                all: false,
                caller: caller
            )
        case .allInstances(let name):
            try await hub.writing.deleteAttributeFromEvolution(
                name,
                of: id,
                datasetID: nil,
                all: true,
                caller: caller
            )
        }
    }

    @Test func `an instance, an attribute or the whole can be removed`() async throws {
        let fixture = try await city()
        let first = try await instanceID(fixture, 0)
        try await remove(.instance(Self.speed, instanceID: first), from: fixture)
        #expect(try await values(fixture) == [2, 3, 4])
        let missing = BrokerError(.resourceNotFound, "")
        await #expect(throws: missing) {
            try await remove(.instance(Self.speed, instanceID: first), from: fixture)
        }
        await #expect(throws: missing) {
            try await remove(
                .attribute(SubscriptionFixture.iri("n"), datasetID: nil),
                from: fixture
            )
        }
        try await remove(.everything, from: fixture)
        await #expect(throws: missing) { try await seen(fixture) }
        await #expect(throws: missing) { try await remove(.everything, from: fixture) }
    }

    @Test func `a party writes histories of its own part alone`() async throws {
        let fixture = try await city()
        let driver = SubscriptionFixture.driver
        _ = try await upsert(fixture, 5...5, caller: driver)
        #expect(try await values(fixture) == [1, 2, 3, 4, 5])
        for type in ["Bus", "Shop"] as [JSONValue] {
            await #expect(throws: BrokerError(.forbidden, "")) {
                try await upsert(fixture, 1...2, "urn:x:shop", type: type, caller: driver)
            }
        }
        try await fixture.hidesShop {
            try await fixture.hub.writing.addToEvolution(
                of: $0,
                ["speed": Self.instances(1...1)],
                ld: .core,
                caller: driver
            )
        }
        try await fixture.hidesShop {
            try await remove(.everything, of: $0, from: fixture, caller: driver)
        }
        let shop = try await seen(fixture, timeless, of: EntityID("urn:x:shop"))
        let name = try #require(shop.first?.details?.instanceID)
        try await fixture.hidesShop {
            try await fixture.hub.writing.modifyInstance(
                name,
                of: "speed",
                entity: $0,
                ["value": 9],
                ld: .core,
                caller: driver
            )
        }
    }

    /// Instances by the time of their writing, which is the only time of those from current state.
    private var timeless: TemporalQuery {
        var query = query()
        query.timeProperty = .modifiedAt
        return query
    }

    @Test func `a party reads histories of its own part alone`() async throws {
        let fixture = try await city()
        let driver = SubscriptionFixture.driver
        #expect(try await seen(fixture, caller: driver).count == 4)
        let page = try await fixture.hub.reading.queryEvolutions(timeless, caller: driver)
        #expect(page.evolutions.map(\.id.uri).sorted() == ["urn:x:bus", "urn:x:past"])
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await seen(fixture, timeless, of: EntityID("urn:x:shop"), caller: driver)
        }
    }
}
