import ContextModel
import Governance
import Testing

@testable import Broker

/// The limit of subscriptions of a tenant, shared by their owners.
@Suite struct SubscriptionQuotaTests {
    private let office = Party.named(PartyID("office"))
    private let school = Party.named(PartyID("school"))
    private let registry = SubscriptionRegistry(feed: OutboxFeed())

    private func place(of owner: Party, _ tenant: TenantName? = nil) -> SubscriptionQuota.Place {
        let key = SubscriptionKey(tenant: tenant, id: owner.subscriptionKey("urn:s:1"))
        return SubscriptionQuota.Place(key, of: owner)
    }

    private func keep(_ id: String, of owner: Party) throws {
        let body: JSONObject = [
            "entities": [["type": "Bus"]],
            "notification": ["endpoint": ["uri": "http://r.example/"]],
        ]
        let one = IndexedSubscription(
            subscription: try SubscriptionReader(context: .core).subscription(body, id: id),
            record: SubscriptionRecord(
                id: id,
                owner: owner,
                purpose: nil,
                context: .null,
                body: body,
                createdAt: Timestamp(microseconds: 1)
            ),
            tenant: nil,
            policy: PolicySource(Policy(permissions: [], isOpen: true))
        )
        registry.put(one, tenant: nil)
    }

    @Test func `simultaneous reservations do not exceed a share together`() throws {
        let quota = SubscriptionQuota(registry, capacity: 4)
        #expect(quota.reserve(place(of: office)) && quota.reserve(place(of: office)))
        #expect(!quota.reserve(place(of: office)))
        // Others have a share all the same, and so has the owner in another tenant.
        #expect(quota.reserve(place(of: school)))
        #expect(quota.reserve(place(of: office, TenantName("harbour"))))
        quota.release(place(of: office))
        #expect(quota.reserve(place(of: office)))
        #expect(!quota.reserve(place(of: office)))
    }

    @Test func `a stored subscription takes a place until it is removed`() throws {
        let quota = SubscriptionQuota(registry, capacity: 4)
        try keep("urn:s:1", of: office)
        #expect(quota.reserve(place(of: office)))
        #expect(!quota.reserve(place(of: office)))
        registry.remove(SubscriptionKey(tenant: nil, id: office.subscriptionKey("urn:s:1")))
        #expect(quota.reserve(place(of: office)))
    }
}
