import ContextModel
import Governance
import Storage
import StorageMemory
import Synchronization
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(1))) struct EnforcePolicyTests {
    private static let bus = IRI("https://uri.etsi.org/ngsi-ld/default-context/Bus")
    private let traffic = Caller(party: .named(PartyID("traffic")))

    private func policy(_ target: Condition) -> Policy {
        Policy(permissions: [
            Permission(
                assignee: .party(PartyID("traffic")),
                actions: [.read, .subscribe],
                target: target
            )
        ])
    }

    @Test func `the new policy decides requests and notifications`()
        async throws
    {
        let fixture = try await SubscriptionFixture(policy: policy(.ids([EntityID("urn:bus:1")])))
        let id = try await fixture.subscribe(caller: traffic)
        try await fixture.create("urn:bus:1", speed: 1)
        try await fixture.create("urn:bus:2", speed: 1)
        #expect(try await fixture.depth == 1)
        let mine = SubscriptionKey(
            tenant: nil,
            id: traffic.party.subscriptionKey(id)
        )
        let tally = try #require(fixture.hub.subscriptions[mine]?.tally)

        try await fixture.hub.following.enforce(policy(.type(Self.bus)))
        try await fixture.update("urn:bus:2", speed: 2)
        #expect(try await fixture.depth == 2)
        #expect(fixture.hub.subscriptions[mine]?.tally === tally)
        let found = try await fixture.hub.reading.retrieveEntity(
            EntityID("urn:bus:2"),
            caller: traffic
        )
        #expect(try found.entity.value().id == EntityID("urn:bus:2"))
    }

    @Test func `the hub's other processes read the new policy, and use it everywhere`()
        async throws
    {
        let configuration = Mutex(policy(.ids([EntityID("urn:bus:1")])))
        let memory = SharedMemory()
        func hub(_ process: String) async throws -> SubscriptionFixture {
            try await SubscriptionFixture(
                policy: configuration.withLock { $0 },
                rereadPolicy: { configuration.withLock { $0 } },
                memory: memory,
                process: process
            )
        }
        let (first, second) = (try await hub("a"), try await hub("b"))
        let id = try await first.subscribe(caller: traffic)
        let key = SubscriptionKey(tenant: nil, id: traffic.party.subscriptionKey(id))
        try await second.following {
            await soon { second.hub.subscriptions[key] != nil }
            try await second.create("urn:bus:2", speed: 1)
            await #expect(throws: BrokerError(.resourceNotFound, "")) {
                try await second.hub.reading.retrieveEntity(EntityID("urn:bus:2"), caller: traffic)
            }
            for (number, target) in [Condition.type(Self.bus), .nothing].enumerated() {
                configuration.withLock { $0 = policy(target) }
                try await first.hub.following.enforce(policy(target))
                await soon { second.hub.access.policy == policy(target) }
                // It is notified of the one change that was made while the policy allowed it.
                try await second.update("urn:bus:2", speed: number + 2)
                #expect(try await second.depth == 1)
            }
        }
    }

    @Test func `when a policy cannot be read the old one stays, and reading is repeated`()
        async throws
    {
        struct Unreadable: Error {}
        let readings = Atomic(0)
        let canBeRead = Atomic(false)
        let memory = SharedMemory()
        let first = try await SubscriptionFixture(memory: memory, process: "a")
        let second = try await SubscriptionFixture(
            policy: policy(.everything),
            rereadPolicy: { [policy] in
                readings.add(1, ordering: .relaxed)
                guard canBeRead.load(ordering: .acquiring) else { throw Unreadable() }
                return policy(.nothing)
            },
            memory: memory,
            process: "b"
        )
        try await second.following {
            try await first.hub.following.enforce(policy(.nothing))
            await soon { readings.load(ordering: .relaxed) > 0 }
            #expect(second.hub.access.policy == policy(.everything))
            // Subscriptions are followed meanwhile.
            let id = try await first.subscribe()
            let key = SubscriptionKey(tenant: nil, id: Party.operator.subscriptionKey(id))
            await soon { second.hub.subscriptions[key] != nil }
            canBeRead.store(true, ordering: .releasing)
            await soon { second.hub.access.policy == policy(.nothing) }
        }
    }

    @Test func `a policy that was read before a newer one took effect is not used`()
        async throws
    {
        let configuration = Mutex(policy(.everything))
        let reader = Mutex<Hub?>(nil)
        let memory = SharedMemory()
        let first = try await SubscriptionFixture(memory: memory, process: "a")
        let second = try await SubscriptionFixture(
            rereadPolicy: { [policy] in
                let read = configuration.withLock { $0 }
                if let hub = reader.withLock({ $0.take() }) {
                    configuration.withLock { $0 = policy(.nothing) }
                    try await hub.following.enforce(policy(.nothing))
                }
                return read
            },
            memory: memory,
            process: "b"
        )
        reader.withLock { $0 = second.hub }
        try await second.following {
            try await first.hub.following.enforce(policy(.everything))
            await soon { reader.withLock { $0 == nil } }
            await soon { second.hub.access.policy == policy(.nothing) }
            // The policy that was read before is dropped before the next one is asked for.
            try await first.hub.following.enforce(policy(.nothing))
            await soon { second.hub.rules.number >= 2 }
            #expect(second.hub.access.policy == policy(.nothing))
        }
    }
}
