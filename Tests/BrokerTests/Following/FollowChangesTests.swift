import ContextModel
import Governance
import Storage
import StorageMemory
import StoreDoubles
import Synchronization
import Testing

@testable import Broker

/// A hub's caches of documents follow the change feed: own changes at once, those of another
/// process soon afterwards.
@Suite(.timeLimit(.minutes(1))) struct FollowChangesTests {
    private let pair: (first: SubscriptionFixture, second: SubscriptionFixture)
    private let boss = SubscriptionFixture.boss

    init() async throws {
        let memory = SharedMemory()
        pair = (
            try await SubscriptionFixture(memory: memory, process: "a"),
            try await SubscriptionFixture(memory: memory, process: "b")
        )
    }

    private func key(_ id: String, _ tenant: TenantName? = nil) -> SubscriptionKey {
        SubscriptionKey(tenant: tenant, id: boss.party.subscriptionKey(id))
    }

    @Test func `a subscription is in force, changed and removed when its request is answered`()
        async throws
    {
        let hub = pair.first
        let id = try await hub.subscribe()
        try await hub.create("urn:bus:1", speed: 1)
        #expect(try await hub.depth == 1)
        try await hub.hub.subscribing.updateSubscription(
            id,
            ["isActive": false],
            ld: .core,
            caller: boss
        )
        try await hub.update("urn:bus:1", speed: 2)
        #expect(try await hub.depth == 1)
        try await hub.hub.subscribing.updateSubscription(
            id,
            ["isActive": true],
            ld: .core,
            caller: boss
        )
        try await hub.update("urn:bus:1", speed: 3)
        #expect(try await hub.depth == 2)
        try await hub.hub.subscribing.deleteSubscription(id, caller: boss)
        try await hub.update("urn:bus:1", speed: 4)
        #expect(try await hub.depth == 2)
    }

    @Test func `each hub sees the subscriptions that the other creates, changes and deletes`()
        async throws
    {
        let (first, second) = pair
        try await first.following {
            try await second.following {
                let id = try await first.subscribe()
                await soon { second.hub.subscriptions[key(id)] != nil }
                try await second.create("urn:bus:1", speed: 1)
                #expect(try await second.depth == 1)

                try await second.hub.subscribing.updateSubscription(
                    id,
                    ["isActive": false],
                    ld: .core,
                    caller: boss
                )
                await soon {
                    first.hub.subscriptions[key(id)]?.record.body["isActive"] == false
                }
                try await first.update("urn:bus:1", speed: 2)
                #expect(try await first.depth == 1)

                try await second.hub.subscribing.deleteSubscription(id, caller: boss)
                await soon { first.hub.subscriptions[key(id)] == nil }
            }
        }
    }

    @Test func `each hub sees the @contexts that the other hosts and deletes`() async throws {
        let (first, second) = pair
        try await second.following {
            let city: JSONValue = ["@context": ["Bus": "https://city.example/Bus"]]
            let id = try await first.hub.hosting.addContext(city, caller: boss)
            await soon { second.hub.contextStore.entry(id) != nil }
            let url = JSONValue.string("http://hub.example/ngsi-ld/v1/jsonldContexts/\(id)")
            let ld = try await second.hub.contextResolver.context(
                for: url,
                sharer: Sharer(.operator)
            )
            #expect(ld.expand("Bus") == IRI("https://city.example/Bus"))
            try await first.hub.hosting.deleteContext(id, caller: boss)
            await soon { second.hub.contextStore.entry(id) == nil }
            // The @context that was created from it is not used any more, either.
            await #expect(throws: LDContextError.self) {
                try await second.hub.contextResolver.context(for: url, sharer: Sharer(.operator))
            }
        }
    }

    @Test func `a subscription of the other hub is read with the other's @context`() async throws {
        let (first, second) = pair
        let city: JSONValue = ["@context": ["Bus": "https://city.example/Bus"]]
        let context = try await first.hub.hosting.addContext(city, caller: boss)
        let url = JSONValue.string("http://hub.example/ngsi-ld/v1/jsonldContexts/\(context)")
        let ld = try await first.hub.contextResolver.context(for: url, sharer: Sharer(.operator))
        let id = try await first.subscribe(ld: ld)
        await second.hub.following.follower.catchUp(with: nil)
        let known = try #require(second.hub.subscriptions[key(id)])
        let keys = SubscriptionIndex.keys(of: known.subscription)
        #expect(keys == [.type(IRI("https://city.example/Bus"))])
    }

    @Test func `each hub finds the other's registrations, and notifies the other's subscribers`()
        async throws
    {
        let (first, second) = pair
        let subscription: JSONValue = [
            "type": "Subscription", "entities": [["type": "Bus"]],
            "notification": ["endpoint": ["uri": "http://r.example/"]],
        ]
        _ = try await first.hub.subscribing.createContextSourceRegistrationSubscription(
            subscription,
            ld: .core,
            caller: boss
        )
        await second.hub.following.follower.catchUp(with: nil)
        let registration: JSONValue = [
            "type": "ContextSourceRegistration", "endpoint": "http://source.example",
            "information": [["entities": [["type": "Bus"]]]],
        ]
        let id = try await second.hub.registering.registerContextSource(
            registration,
            ld: .core,
            caller: boss
        )
        #expect(try await first.depth == 1)
        let found = try await first.hub.registering.queryContextSourceRegistrations(
            RegistrationQuery(),
            limit: 10,
            ld: .core,
            caller: boss
        )
        #expect(found.registrations.map { $0.objectValue?["id"] } == [.string(id)])
    }

    @Test func `a tenant that one hub creates exists for the other`() async throws {
        let (first, second) = pair
        let harbour = Caller(party: .operator, tenant: TenantName("harbour"))
        try await second.following {
            let id = try await first.subscribe(caller: harbour)
            await soon { second.hub.subscriptions[key(id, harbour.tenant)] != nil }
            let bus: JSONValue = ["id": "urn:bus:1", "type": "Bus", "speed": 1]
            _ = try await second.hub.writing.createEntity(bus, ld: .core, caller: harbour)
            let store = try #require(try await first.store.tenant(harbour.tenant))
            #expect(try await store.outboxDepth().count == 1)
        }
    }

    @Test func `a subscription that is created again starts its counts again`() async throws {
        let (first, second) = pair
        let id = "urn:ngsi-ld:Subscription:1"
        try await first.subscribe(["id": .string(id)])
        await second.hub.following.follower.catchUp(with: nil)
        let old = try #require(second.hub.subscriptions[key(id)])
        old.tally.count(.delivered, at: first.hub.clock())
        try await first.hub.subscribing.deleteSubscription(id, caller: boss)
        try await first.subscribe(["id": .string(id)])
        await second.hub.following.follower.catchUp(with: nil)
        let new = try #require(second.hub.subscriptions[key(id)])
        #expect(new.record.createdAt > old.record.createdAt)
        #expect(new.tally.counts.timesSent == 0)
    }

    /// A busy machine delays some questions, so the fastest of several counts.
    @Test func `one hub sees the other's changes by itself, in time`() async throws {
        let (first, second) = pair
        try await second.following {
            var fastest = Duration.seconds(60)
            for _ in 0..<5 {
                let id = try await first.subscribe()
                let answered = ContinuousClock.now
                await soon { second.hub.subscriptions[key(id)] != nil }
                fastest = min(fastest, answered.duration(to: .now))
            }
            #expect(fastest < .seconds(5))
        }
    }

    @Test func `a hub that is behind the feed misses nothing`() async throws {
        let (first, second) = pair
        let gone = try await first.subscribe()
        let kept = try await first.subscribe()
        await second.hub.following.follower.catchUp(with: nil)
        let before = try #require(second.hub.subscriptions[key(kept)])
        try await first.hub.subscribing.deleteSubscription(gone, caller: boss)
        try await first.store.makeTenant(nil).bookkeep { transaction in
            for number in 0..<2 * ChangeFeedPage.maximumKept {
                try transaction.put(
                    Document(kind: .ldContext, id: "\(number % 9)", body: [])
                )
            }
        }
        let new = try await first.subscribe()
        await second.hub.following.follower.catchUp(with: nil)
        let keys = second.hub.subscriptions.keys
        #expect(Set(keys.map(\.id)) == Set([kept, new].map(boss.party.subscriptionKey)))
        // A continued subscription keeps its tally.
        #expect(second.hub.subscriptions[key(kept)]?.tally === before.tally)
    }

    @Test func `changes of delivery counts are not in the feed`() async throws {
        let hub = pair.first
        let id = try await hub.subscribe()
        let store = try await hub.store.makeTenant(nil)
        let before = try await store.feed(after: nil, of: []).number
        try await hub.delivering {
            try await hub.create("urn:bus:1", speed: 1)
            _ = await hub.recorder.next(1)
        }
        #expect(try await hub.notification(of: id)["timesSent"] == 1)
        let document = try await store.document(.subscription, id: key(id).id)
        #expect(document.flatMap { SubscriptionRecord($0) }?.delivery.timesSent == 1)
        #expect(try await store.feed(after: nil, of: []).number == before)
    }

    @Test func `an own change is in force at its answer, even if the feed fails`()
        async throws
    {
        let fails = Atomic(false)
        let hub = try await SubscriptionFixture(
            onDisk: true,
            habit: .fails { question in
                guard question == .feed, fails.load(ordering: .relaxed) else { return nil }
                return StorageError(.overloaded, note: "test")
            }
        )
        let first = try await hub.subscribe()
        fails.store(true, ordering: .relaxed)
        let second = try await hub.subscribe()
        try await hub.hub.subscribing.deleteSubscription(first, caller: boss)
        #expect(hub.hub.subscriptions.keys.map(\.id) == [key(second).id])
    }

    @Test func `a change is in force at its answer, even if the feed fails at first`()
        async throws
    {
        let failures = Atomic(0)
        let hub = try await SubscriptionFixture(
            habit: .fails { question in
                guard question == .feed, failures.load(ordering: .relaxed) > 0 else { return nil }
                failures.subtract(1, ordering: .relaxed)
                return StorageError(.overloaded, note: "test")
            }
        )
        let id = try await hub.subscribe()
        try await hub.changeElsewhere()
        failures.store(4, ordering: .relaxed)
        try await hub.hub.subscribing.deleteSubscription(id, caller: boss)
        #expect(hub.hub.subscriptions[key(id)] == nil)
        #expect(failures.load(ordering: .relaxed) == 0)
        try await hub.create("urn:bus:1", speed: 1)
        #expect(try await hub.depth == 0)
    }

    @Test func `a hub that cannot read the feed of a tenant notifies nobody in it`()
        async throws
    {
        let fails = Atomic(false)
        var limits = HubLimits()
        limits.maximumRulesAgeMicroseconds = .max
        let hub = try await SubscriptionFixture(
            hubLimits: limits,
            habit: .fails { question in
                guard question == .feed, fails.load(ordering: .relaxed) else { return nil }
                return StorageError(.overloaded, note: "test")
            }
        )
        let harbour = Caller(party: .operator, tenant: TenantName("harbour"))
        let id = try await hub.subscribe(to: "http://gone.example/")
        try await hub.delivering {
            try await hub.changeElsewhere()
            fails.store(true, ordering: .relaxed)
            try await hub.hub.subscribing.deleteSubscription(id, caller: boss)
            // It still matches here, and must not be sent.
            try await hub.create("urn:bus:1", speed: 1)
            #expect(try await hub.depth == 1)
            fails.store(false, ordering: .relaxed)
            // Messages of another tenant are not held back.
            try await hub.subscribe(to: "http://kept.example/", caller: harbour)
            let bus: JSONValue = ["id": "urn:bus:1", "type": "Bus", "speed": 1]
            _ = try await hub.hub.writing.createEntity(bus, ld: .core, caller: harbour)
            #expect(await hub.recorder.next(1).map(\.url) == ["http://kept.example/"])
            try await hub.following {
                while try await hub.depth > 0 { await Task.yield() }
            }
            try await hub.subscribe(to: "http://last.example/")
            try await hub.create("urn:bus:2", speed: 1)
            #expect(await hub.recorder.next(1).map(\.url) == ["http://last.example/"])
        }
    }
}

extension SubscriptionFixture {
    /// Adds something to the feed that this process does not know, so that it must ask.
    fileprivate func changeElsewhere() async throws {
        let document = Document(kind: .policy, id: "elsewhere", body: [])
        try await store.makeTenant(nil).changeDocuments(reading: []) { $0.put(document) }
    }
}

/// Waits until the condition is true; otherwise the test ends by its time limit.
func soon(_ isSo: () -> Bool) async {
    while !isSo() { await Task.yield() }
}
