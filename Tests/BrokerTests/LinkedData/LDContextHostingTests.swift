import Clauses
import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

@Suite(.clause("5.13", "5.13.2", "5.13.3", "5.13.4", "5.13.5")) struct LDContextHostingTests {
    private let boss = SubscriptionFixture.boss
    private let city: JSONValue = ["@context": ["Bus": "https://city.example/Bus"]]

    @Test func `a hosted context is listed, served, used and deleted`() async throws {
        let hub = try await SubscriptionFixture().hub
        let id = try await hub.hosting.addContext(city, caller: boss)
        let url = "http://hub.example/ngsi-ld/v1/jsonldContexts/\(id)"
        #expect(
            try await hub.hosting.listContexts(kind: "Hosted", details: false, caller: boss) == [
                .string(url)
            ]
        )
        #expect(
            try await hub.hosting.listContexts(kind: "Cached", details: false, caller: boss).isEmpty
        )
        #expect(try hub.hosting.serveContext(id, details: false, caller: boss) == city)
        let ld = try await hub.contextResolver.context(for: .string(url), sharer: Sharer(.operator))
        #expect(ld.expand("Bus") == IRI("https://city.example/Bus"))
        try await hub.hosting.deleteContext(id, caller: boss)
        #expect(throws: BrokerError(.resourceNotFound, "")) {
            try hub.hosting.serveContext(id, details: true, caller: boss)
        }
    }

    @Test(.clause("5.5.10"))
    func `a context of one tenant is not found, listed or deleted by another`()
        async throws
    {
        let fixture = try await SubscriptionFixture()
        let hub = fixture.hub
        let harbour = Caller(party: .operator, tenant: TenantName("harbour"))
        let airport = Caller(party: .operator, tenant: TenantName("airport"))
        for caller in [harbour, airport] { _ = try await fixture.store.makeTenant(caller.tenant) }
        let id = try await hub.hosting.addContext(city, caller: harbour)
        #expect(
            try await hub.hosting.listContexts(kind: nil, details: false, caller: harbour).count
                == 1
        )
        for other in [airport, boss] {
            #expect(
                try await hub.hosting.listContexts(kind: nil, details: true, caller: other).isEmpty
            )
            #expect(throws: BrokerError(.resourceNotFound, "")) {
                try hub.hosting.serveContext(id, details: true, caller: other)
            }
            await #expect(throws: BrokerError(.resourceNotFound, "")) {
                try await hub.hosting.deleteContext(id, caller: other)
            }
        }
        #expect(throws: BrokerError(.resourceNotFound, "")) {
            try hub.hosting.serveContext(id, details: false, caller: airport)
        }
        #expect(try hub.hosting.serveContext(id, details: false, caller: harbour) == city)
        #expect(try hub.hosting.serveContext(id, details: false, caller: boss) == city)
        try await fixture.hub.hosting.deleteContext(id, caller: harbour)
    }

    @Test(.clause("5.5.10")) func `a missing tenant has no contexts and gets none`()
        async throws
    {
        let fixture = try await SubscriptionFixture()
        let hub = fixture.hub
        let nobody = Caller(party: .operator, tenant: TenantName("nowhere"))
        let missing = BrokerError(.nonexistentTenant, "")
        await #expect(throws: missing) { try await hub.hosting.addContext(city, caller: nobody) }
        await #expect(throws: missing) { try await hub.hosting.deleteContext("x", caller: nobody) }
        await #expect(throws: missing) {
            try await hub.hosting.listContexts(kind: nil, details: false, caller: nobody)
        }
        #expect(try await fixture.store.tenant(nobody.tenant) == nil)
    }

    @Test func `contexts fetched or created for others are listed for the operator alone`()
        async throws
    {
        let fixture = try await SubscriptionFixture(policy: Policy(permissions: []))
        let hub = fixture.hub
        let hosted = try await hub.hosting.addContext(city, caller: boss)
        let made = try await hub.contextStore.createImplicitly(
            ["a": "https://a.example/a"],
            for: .operator
        ) { [] }
        let copy = StoredLDContext(
            localID: "copy",
            url: "https://far.example/context.jsonld",
            kind: .cached,
            body: city,
            createdAt: hub.clock(),
            owner: .operator
        )
        try await fixture.store.makeTenant(nil).bookkeep { try $0.put(copy.document) }
        try await hub.following.loadContexts()
        let anyone = Caller(party: .anonymous)
        let known = "http://hub.example/ngsi-ld/v1/jsonldContexts/\(hosted)"
        #expect(
            try await hub.hosting.listContexts(kind: nil, details: false, caller: boss).count == 3
        )
        #expect(
            try await hub.hosting.listContexts(kind: nil, details: false, caller: anyone) == [
                .string(known)
            ]
        )
        for name in ["copy", copy.url, "none"] {
            for details in [true, false] {
                #expect(throws: BrokerError(.resourceNotFound, "")) {
                    try hub.hosting.serveContext(name, details: details, caller: anyone)
                }
            }
        }
        #expect(
            try hub.hosting.serveContext(made.localID, details: false, caller: anyone) == made.body
        )
    }

    @Test func `an invalid context is refused`() async throws {
        let hub = try await SubscriptionFixture().hub
        await #expect(throws: BrokerError(.invalidRequest, "")) {
            try await hub.hosting.addContext([:], caller: boss)
        }
        for body in [["@context": 5], ["@context": ["a": ["@context": [:]]]]] as [JSONValue] {
            await #expect(throws: BrokerError(.badRequestData, "")) {
                try await hub.hosting.addContext(body, caller: boss)
            }
        }
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await hub.hosting.listContexts(kind: "Other", details: false, caller: boss)
        }
    }

    @Test func `the core context is listed, can be reloaded and stays`() async throws {
        let hub = try await SubscriptionFixture().hub
        let details = try hub.hosting.serveContext(CoreContext.url, details: true, caller: boss)
            .objectValue
        #expect(details?["kind"] == "Cached")
        try await hub.hosting.deleteContext(CoreContext.url, reload: true, caller: boss)
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await hub.hosting.deleteContext(CoreContext.url, caller: boss)
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
        let own = try #require(fixture.hub.contextStore.entries(.implicitlyCreated).first)
        let key = SubscriptionKey(tenant: nil, id: id)
        #expect(fixture.hub.subscriptions[key]?.record.contextURL == own.url)
    }
}
