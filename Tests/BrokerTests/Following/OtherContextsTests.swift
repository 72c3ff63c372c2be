import ContextModel
import Governance
import Storage
import StorageMemory
import Synchronization
import Testing

@testable import Broker

/// Subscriptions of another process whose `@context` this one must fetch.
@Suite(.timeLimit(.minutes(1))) struct OtherContextsTests {
    private let pair: (first: SubscriptionFixture, second: SubscriptionFixture)
    private let server = ContextServer()
    private let boss = SubscriptionFixture.boss

    init() async throws {
        let memory = SharedMemory()
        pair = (
            try await SubscriptionFixture(memory: memory, process: "a"),
            try await SubscriptionFixture(memory: memory, process: "b", contexts: server)
        )
    }

    private func key(_ id: String, _ tenant: TenantName? = nil) -> SubscriptionKey {
        SubscriptionKey(tenant: tenant, id: boss.party.subscriptionKey(id))
    }

    /// Stores a subscription as another process would that has the `@context`.
    private func put(_ id: String, context: JSONValue, isActive: Bool = true) async throws {
        let record = SubscriptionRecord(
            id: id,
            owner: boss.party,
            purpose: nil,
            context: context,
            body: [
                "entities": [["type": "Bus"]], "isActive": .bool(isActive),
                "notification": ["endpoint": ["uri": "http://r.example/"]],
            ],
            createdAt: Timestamp(microseconds: 1_000_000)
        )
        try await pair.first.store.makeTenant(nil).changeDocuments(reading: []) {
            $0.put(record.document)
        }
    }

    private func keys(_ id: String) -> Set<SubscriptionIndex.Key> {
        pair.second.hub.subscriptions[key(id)]
            .map { SubscriptionIndex.keys(of: $0.subscription) } ?? []
    }

    @Test func `a server that does not answer delays neither removals nor other tenants`()
        async throws
    {
        let (first, second) = pair
        let gone = try await first.subscribe()
        await second.hub.following.follower.catchUp(with: nil)
        #expect(second.hub.subscriptions[key(gone)] != nil)
        server.set(.silent)
        try await put("urn:s:slow", context: "https://slow.example/c.jsonld")
        try await second.following {
            await soon { server.count > 0 }
            try await first.hub.subscribing.deleteSubscription(gone, caller: boss)
            await soon { second.hub.subscriptions[key(gone)] == nil }
            let harbour = Caller(party: .operator, tenant: TenantName("harbour"))
            let other = try await first.subscribe(caller: harbour)
            await soon { second.hub.subscriptions[key(other, harbour.tenant)] != nil }
            #expect(second.hub.subscriptions[key("urn:s:slow")] == nil)
            server.set(.answers)
            await soon { second.hub.subscriptions[key("urn:s:slow")] != nil }
            #expect(keys("urn:s:slow") == [.type(IRI("https://slow.example/c.jsonld#Bus"))])
        }
    }

    @Test func `without its new @context, the old subscription stays in force`() async throws {
        let second = pair.second
        try await put("urn:s:1", context: "https://one.example/c.jsonld")
        try await second.following {
            await soon { second.hub.subscriptions[key("urn:s:1")] != nil }
            let asked = server.count
            server.set(.unavailable)
            try await put("urn:s:1", context: "https://two.example/c.jsonld")
            await soon { server.count > asked }
            await second.hub.following.follower.catchUp(with: nil)
            #expect(keys("urn:s:1") == [.type(IRI("https://one.example/c.jsonld#Bus"))])
            server.set(.answers)
            await soon { keys("urn:s:1") == [.type(IRI("https://two.example/c.jsonld#Bus"))] }
        }
    }

    @Test func `a subscription whose @context was missing at the start notifies later`()
        async throws
    {
        let second = pair.second
        server.set(.unavailable)
        try await put("urn:s:1", context: "https://one.example/c.jsonld")
        try await second.hub.following.loadSubscriptions()
        #expect(second.hub.subscriptions[key("urn:s:1")] == nil)
        server.set(.answers)
        try await second.following {
            await soon { second.hub.subscriptions[key("urn:s:1")] != nil }
        }
    }

    @Test func `a subscription removed while its @context is fetched stays removed`() async throws {
        let second = pair.second
        server.set(.silent)
        try await put("urn:s:1", context: "https://one.example/c.jsonld")
        try await second.following {
            await soon { server.count > 0 }
            try await pair.first.store.makeTenant(nil).changeDocuments(reading: []) {
                $0.remove(.subscription, id: key("urn:s:1").id)
            }
            await second.hub.following.follower.catchUp(with: nil)
            server.set(.answers)
            try await put("urn:s:2", context: "https://one.example/c.jsonld")
            await soon { second.hub.subscriptions[key("urn:s:2")] != nil }
            #expect(second.hub.subscriptions[key("urn:s:1")] == nil)
        }
    }
}

/// A server of `@context`s, each of which contains its own URL.
final class ContextServer: LDContextSource {
    enum Mood: Sendable { case answers, unavailable, silent }

    private let mood = Mutex(Mood.answers)
    private let asked = Atomic(0)

    /// The number of requests.
    var count: Int { asked.load(ordering: .acquiring) }

    func set(_ new: Mood) { mood.withLock { $0 = new } }

    func document(
        at url: String,
        for sharer: Sharer
    ) async throws(LDContextError) -> LDContextDocument {
        asked.add(1, ordering: .acquiringAndReleasing)
        while mood.withLock({ $0 }) == .silent {
            if Task.isCancelled { throw LDContextError(.unavailable, "cancelled") }
            await Task.yield()
        }
        guard mood.withLock({ $0 }) == .answers else {
            throw LDContextError(.unavailable, "nothing")
        }
        return LDContextDocument(["@context": ["Bus": .string("\(url)#Bus")]], freshSeconds: nil)
    }
}
