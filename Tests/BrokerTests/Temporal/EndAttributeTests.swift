import Clauses
import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

/// Ends in the history: of attributes and scopes (clauses 4.5.6 to 4.5.8).
@Suite(.clause("4.5.7", "4.5.8", "5.6.5")) struct EndAttributeTests {
    private static let boss = SubscriptionFixture.boss

    private func evolution(_ id: String, of fixture: SubscriptionFixture) async throws -> Evolution
    {
        let query = TemporalQuery(
            condition: .everything,
            timeProperty: .modifiedAt,
            instanceLimit: 100,
            limit: 1
        )
        let page = try await fixture.hub.reading.retrieveEvolution(
            of: EntityID(id),
            query,
            caller: Self.boss
        )
        return try #require(page.evolutions.first)
    }

    private func delete(
        _ name: String,
        of id: String,
        from fixture: SubscriptionFixture,
        caller: Caller = EndAttributeTests.boss
    ) async throws {
        try await fixture.hub.writing.deleteAttribute(
            name,
            of: EntityID(id),
            datasetID: nil,
            all: false,
            ld: .core,
            caller: caller
        )
    }

    private func past() async throws -> SubscriptionFixture {
        let fixture = try await SubscriptionFixture.shared()
        _ = try await fixture.hub.writing.upsertEvolution(
            [
                "id": "urn:x:past", "type": "Bus",
                "scope": ["type": "Property", "value": "/A"],
                "speed": [["value": 1, "observedAt": "2026-01-01T00:00:00Z"]],
                "line": [["object": "urn:x:line", "observedAt": "2026-01-01T00:00:00Z"]],
            ],
            ld: .core,
            caller: Self.boss
        )
        return fixture
    }

    @Test func `an attribute with history alone can end there, once`() async throws {
        let fixture = try await past()
        try await delete("line", of: "urn:x:past", from: fixture)
        let all = try await evolution("urn:x:past", of: fixture)
        let line = try #require(all.attributes.first { $0.name == SubscriptionFixture.iri("line") })
        #expect(line.instances.map(\.value) == ["urn:x:line", "urn:ngsi-ld:null"])
        #expect(line.instances.map(\.kind) == [.relationship, .relationship])
        #expect(line.instances.last?.details?.deletedAt != nil)
        for name in ["line", "other"] {
            await #expect(throws: BrokerError(.resourceNotFound, "")) {
                try await delete(name, of: "urn:x:past", from: fixture)
            }
        }
        try await delete("scope", of: "urn:x:past", from: fixture)
        #expect(
            try await evolution("urn:x:past", of: fixture).scopes.map(\.value.scopes) == [
                ["/A"], [],
            ]
        )
    }

    @Test func `a party ends nothing in histories of others`() async throws {
        let fixture = try await past()
        _ = try await fixture.hub.writing.upsertEvolution(
            ["id": "urn:x:old", "type": "Shop", "speed": [["value": 1]]],
            ld: .core,
            caller: Self.boss
        )
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await delete(
                "speed",
                of: "urn:x:old",
                from: fixture,
                caller: SubscriptionFixture.driver
            )
        }
        #expect(try await fixture.past("speed", of: "urn:x:old") == [1])
    }

    @Test(.clause("4.5.6")) func `a scope that current state gains and loses is in the history`()
        async throws
    {
        let fixture = try await SubscriptionFixture()
        try await fixture.make(["id": "urn:x:1", "type": "Bus", "scope": "/A", "speed": 1])
        _ = try await fixture.hub.writing.appendAttributes(
            to: EntityID("urn:x:1"),
            ["scope": ["/B", "/C"]],
            overwrites: true,
            ld: .core,
            caller: Self.boss
        )
        try await delete("scope", of: "urn:x:1", from: fixture)
        let scopes = try await evolution("urn:x:1", of: fixture).scopes
        #expect(scopes.map(\.value.scopes) == [["/A"], ["/B", "/C"], []])
        #expect(scopes.allSatisfy { $0.observedAt != nil && $0.observedAt == $0.modifiedAt })
        #expect(scopes.map { $0.details?.deletedAt != nil } == [false, false, true])
    }

    @Test(.clause("4.5.7")) func `an end in a request is dated`() async throws {
        let fixture = try await past()
        try await fixture.hub.writing.addToEvolution(
            of: EntityID("urn:x:past"),
            ["speed": [["value": "urn:ngsi-ld:null", "observedAt": "2026-01-02T00:00:00Z"]]],
            ld: .core,
            caller: Self.boss
        )
        let all = try await evolution("urn:x:past", of: fixture)
        let speed = try #require(
            all.attributes.first { $0.name == SubscriptionFixture.iri("speed") }
        )
        #expect(
            speed.instances.map { $0.details?.deletedAt?.text } == [nil, "2026-01-02T00:00:00Z"]
        )
    }
}
