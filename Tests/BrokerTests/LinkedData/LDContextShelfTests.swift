import Clauses
import ContextModel
import Governance
import Testing

@testable import Broker

@Suite(.clause("5.13", "5.13.2", "5.13.3", "5.13.4", "5.13.5")) struct LDContextShelfTests {
    private let boss = SubscriptionFixture.boss
    private let city: JSONValue = ["@context": ["Bus": "https://city.example/Bus"]]

    @Test func `a hosted context is listed, served, used and deleted`() async throws {
        let hub = try await SubscriptionFixture().hub
        let id = try await hub.addContext(city, caller: boss)
        let url = "http://hub.example/ngsi-ld/v1/jsonldContexts/\(id)"
        #expect(
            try hub.listContexts(kind: "Hosted", details: false, caller: boss) == [.string(url)]
        )
        #expect(try hub.listContexts(kind: "Cached", details: false, caller: boss).isEmpty)
        #expect(try hub.serveContext(id, details: false, caller: boss) == city)
        let ld = try await hub.contexts.context(for: .string(url), party: .operator)
        #expect(ld.expand("Bus") == IRI("https://city.example/Bus"))
        try await hub.deleteContext(id, caller: boss)
        #expect(throws: BrokerError(.resourceNotFound, "")) {
            try hub.serveContext(id, details: true, caller: boss)
        }
    }

    @Test(.clause("5.5.10")) func `what a tenant hosts another does not find, list or delete`()
        async throws
    {
        let hub = try await SubscriptionFixture().hub
        let harbour = Caller(party: .operator, tenant: TenantName("harbour"))
        let airport = Caller(party: .operator, tenant: TenantName("airport"))
        let id = try await hub.addContext(city, caller: harbour)
        #expect(try hub.listContexts(kind: nil, details: false, caller: harbour).count == 1)
        for other in [airport, boss] {
            #expect(try hub.listContexts(kind: nil, details: true, caller: other).isEmpty)
            #expect(throws: BrokerError(.resourceNotFound, "")) {
                try hub.serveContext(id, details: true, caller: other)
            }
            await #expect(throws: BrokerError(.resourceNotFound, "")) {
                try await hub.deleteContext(id, caller: other)
            }
        }
        #expect(throws: BrokerError(.resourceNotFound, "")) {
            try hub.serveContext(id, details: false, caller: airport)
        }
        #expect(try hub.serveContext(id, details: false, caller: harbour) == city)
        #expect(try hub.serveContext(id, details: false, caller: boss) == city)
        try await hub.deleteContext(id, caller: harbour)
    }

    @Test func `what is no context is refused`() async throws {
        let hub = try await SubscriptionFixture().hub
        await #expect(throws: BrokerError(.invalidRequest, "")) {
            try await hub.addContext([:], caller: boss)
        }
        for body in [["@context": 5], ["@context": ["a": ["@context": [:]]]]] as [JSONValue] {
            await #expect(throws: BrokerError(.badRequestData, "")) {
                try await hub.addContext(body, caller: boss)
            }
        }
        #expect(throws: BrokerError(.badRequestData, "")) {
            try hub.listContexts(kind: "Other", details: false, caller: boss)
        }
    }

    @Test func `the core context is known, can be reloaded and stays`() async throws {
        let hub = try await SubscriptionFixture().hub
        let details = try hub.serveContext(CoreContext.url, details: true, caller: boss).objectValue
        #expect(details?["kind"] == "Cached")
        try await hub.deleteContext(CoreContext.url, reload: true, caller: boss)
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await hub.deleteContext(CoreContext.url, caller: boss)
        }
    }

    @Test func `a subscription with several contexts gets one of the hub's own`() async throws {
        let fixture = try await SubscriptionFixture()
        var definitions = LDContextDefinitions()
        try definitions.add(["Bus": "https://city.example/Bus"])
        let ld = LDContext(
            reference: [["Bus": "https://city.example/Bus"], .string(CoreContext.url)],
            definitions: definitions
        )
        let id = try await fixture.subscribe(ld: ld)
        let own = try #require(fixture.hub.shelf.entries(.implicitlyCreated).first)
        let key = SubscriptionMatcher.Key(tenant: nil, id: id)
        #expect(fixture.hub.subscriptions[key]?.record.contextURL == own.url)
    }
}
