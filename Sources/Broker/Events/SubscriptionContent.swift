package import Governance

extension Subscribing {
    /// What the caller's subscription asks for.
    ///
    /// Throws `resourceNotFound` when the caller has no such subscription.
    package func content(ofSubscription id: String, caller: Caller) async throws -> Subscription {
        let record = try await subscriptionRecord(id, .entities, caller)
        guard let own = subscriptions[SubscriptionKey(record, of: caller.tenant)] else {
            throw BrokerError.unknownSubscription(id)
        }
        return own.subscription
    }
}
