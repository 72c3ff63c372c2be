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
        #expect(try hub.listContexts(kind: "Hosted", details: false) == [.string(url)])
        #expect(try hub.listContexts(kind: "Cached", details: false).isEmpty)
        #expect(try hub.serveContext(id, details: false) == city)
        let ld = try await hub.contexts.context(for: .string(url), party: .operator)
        #expect(ld.expand("Bus") == IRI("https://city.example/Bus"))
        try await hub.deleteContext(id, caller: boss)
        #expect(throws: BrokerError(.resourceNotFound, "")) {
            try hub.serveContext(id, details: true)
        }
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
            try hub.listContexts(kind: "Other", details: false)
        }
    }

    @Test func `the core context is known, can be reloaded and stays`() async throws {
        let hub = try await SubscriptionFixture().hub
        let details = try hub.serveContext(CoreContext.url, details: true).objectValue
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
