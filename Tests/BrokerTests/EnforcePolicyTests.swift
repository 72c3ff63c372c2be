import ContextModel
import Governance
import Storage
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
}
