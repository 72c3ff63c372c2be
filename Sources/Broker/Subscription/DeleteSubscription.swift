import ContextModel
package import Governance
import Storage

/// Delete Subscription (clause 5.8.5): what still waits for delivery is dropped.
extension Hub {
    package func deleteSubscription(
        _ id: String,
        to kind: SubscriptionKind = .entities,
        caller: Caller
    ) async throws {
        let record = try await subscriptionRecord(id, kind, caller)
        let (subscriptions, tenant) = (subscriptions, caller.tenant)
        let key = SubscriptionMatcher.Key(tenant: tenant, kind: kind, id: record.key)
        try await changeSubscriptions(tenant, try await existingStore(tenant)) { transaction in
            guard try transaction.removeDocument(kind.documentKind, id: record.key) else {
                throw BrokerError.unknownSubscription(id)
            }
            subscriptions.remove(key)
        }
        // The dispatcher finds the subscription gone and clears its part of the outbox.
        subscriptions.note(key)
    }
}
