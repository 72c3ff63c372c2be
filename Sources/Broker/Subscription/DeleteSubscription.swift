import ContextModel
package import Governance
import Storage

/// Delete Subscription (clause 5.8.5): what still waits for delivery is dropped.
extension Hub {
    package func deleteSubscription(_ id: String, caller: Caller) async throws {
        _ = try await subscriptionRecord(id, caller)
        let (subscriptions, tenant) = (subscriptions, caller.tenant)
        try await changeSubscriptions(tenant, try await existingStore(tenant)) { transaction in
            guard try transaction.removeDocument(.subscription, id: id) else {
                throw BrokerError.unknownSubscription(id)
            }
            subscriptions.remove(id, tenant: tenant)
        }
        // The dispatcher finds the subscription gone and clears its part of the outbox.
        subscriptions.wake(.init(tenant: tenant, id: id))
    }
}
