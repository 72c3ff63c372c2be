import Clauses
import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

@Suite(.clause("5.8.6")) struct NotificationWriterTests {
    private let now = Timestamp(microseconds: 1_000_000)

    private func indexed(_ subscription: Subscription) -> IndexedSubscription {
        let record = SubscriptionRecord(
            id: subscription.id,
            owner: .named(PartyID("guest")),
            purpose: nil,
            context: .null,
            body: [:],
            createdAt: now
        )
        return IndexedSubscription(
            subscription: subscription,
            record: record,
            tenant: nil,
            policy: PolicySource(SubscriptionFixture.open, tenants: [nil: TenantRules()])
        )
    }

    @Test func `a right that was removed after a change is checked at sending`()
        async throws
    {
        let body: JSONObject = [
            "entities": [["type": "Bus"]],
            "notification": ["endpoint": ["uri": "http://r.example/"]],
        ]
        let subscription = indexed(
            try SubscriptionReader(context: .core).subscription(body, id: "urn:s")
        )
        let bus = try EntityReader(context: .core)
            .entity(["id": "urn:bus:1", "type": "Bus", "speed": 7])
        let change = EntityChange.creation(of: bus, at: now)
        var messages = ChangeMessages(change, at: now)
        messages.offer(to: subscription)
        let message = try #require(messages.messages().first).content
        let item = OutboxItem(
            tenant: nil,
            sequence: 1,
            enqueuedAt: now,
            bytes: 0,
            content: .change(message)
        )
        let fixture = try await SubscriptionFixture()
        let store = try await fixture.store.makeTenant(nil)
        for (policy, isTold) in [
            (SubscriptionFixture.open, true), (Policy(permissions: []), false),
        ] {
            fixture.hub.rules.replace(with: policy)
            let session = try await fixture.hub.access.session(
                for: subscription,
                tenant: nil,
                in: store
            )
            #expect((session != nil) == isTold)
            guard let session else { continue }
            let content = try await NotificationWriter().content(
                of: [.init(item: item, content: .change(message))],
                for: subscription,
                session
            )
            #expect(content != nil)
        }
    }
}
