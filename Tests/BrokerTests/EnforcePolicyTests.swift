import ContextModel
import Governance
import Storage
import StorageMemory
import Synchronization
import Testing

@testable import Broker

@Suite struct EnforcePolicyTests {
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

    @Test func `requests and notifications are decided by the policy that took the place`()
        async throws
    {
        let fixture = try await SubscriptionFixture(policy: policy(.ids([EntityID("urn:bus:1")])))
        let id = try await fixture.subscribe(caller: traffic)
        try await fixture.create("urn:bus:1", speed: 1)
        try await fixture.create("urn:bus:2", speed: 1)
        #expect(try await fixture.depth == 1)
        let mine = SubscriptionMatcher.Key(
            tenant: nil,
            id: traffic.party.subscriptionKey(id)
        )
        let tally = try #require(fixture.hub.subscriptions[mine]?.tally)

        try await fixture.hub.enforce(policy(.type(Self.bus)))
        try await fixture.update("urn:bus:2", speed: 2)
        #expect(try await fixture.depth == 2)
        #expect(fixture.hub.subscriptions[mine]?.tally === tally)
        let found = try await fixture.hub.retrieveEntity(EntityID("urn:bus:2"), caller: traffic)
        #expect(try found.entity.value().id == EntityID("urn:bus:2"))
    }

    @Test func `the hub's other processes ask for the policy anew, and decide all by it`()
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
        _ = try await first.subscribe(caller: traffic)
        try await second.following {
            try await second.create("urn:bus:2", speed: 1)
            await #expect(throws: BrokerError(.resourceNotFound, "")) {
                try await second.hub.retrieveEntity(EntityID("urn:bus:2"), caller: traffic)
            }
            for (number, target) in [Condition.type(Self.bus), .nothing].enumerated() {
                configuration.withLock { $0 = policy(target) }
                try await first.hub.enforce(policy(target))
                await soon { second.hub.policy == policy(target) }
                // Told of the one change that was made while the policy allowed it.
                try await second.update("urn:bus:2", speed: number + 2)
                #expect(try await second.depth == 1)
            }
        }
    }

    @Test func `a policy that cannot be read leaves the one in force`() async throws {
        struct Unreadable: Error {}
        let memory = SharedMemory()
        let first = try await SubscriptionFixture(memory: memory, process: "a")
        let second = try await SubscriptionFixture(
            policy: policy(.nothing),
            rereadPolicy: { throw Unreadable() },
            memory: memory,
            process: "b"
        )
        try await first.hub.enforce(policy(.everything))
        await second.hub.catchUp(with: nil)
        #expect(second.hub.policy == policy(.nothing))
        #expect(second.hub.following.documents.tenantsBehind.isEmpty)
    }
}
