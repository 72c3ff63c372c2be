package import ContextModel
package import Governance

/// Retrieve Subscription (clause 5.8.3).
extension Subscribing {
    package func retrieveSubscription(
        _ id: String,
        to kind: SubscriptionKind = .entities,
        ld: LDContext,
        sysAttrs: Bool = false,
        caller: Caller
    ) async throws -> JSONValue {
        let record = try await subscriptionRecord(id, kind, caller)
        return try await shown(
            record,
            ld: ld,
            sysAttrs: sysAttrs,
            now: clock(),
            caller: caller
        )
    }

    /// The subscription as the caller sees it; whoever runs the hub sees as well whose it is.
    func shown(
        _ record: SubscriptionRecord,
        ld: LDContext,
        sysAttrs: Bool,
        now: Timestamp,
        caller: Caller
    ) async throws -> JSONValue {
        var record = record
        // The store learns of deliveries a little later, and from the process that delivers.
        let key = SubscriptionKey(record, of: caller.tenant)
        if let counts = subscriptions[key]?.tally.counts, counts.areLater(than: record.delivery) {
            record.delivery = counts
        }
        let original = try await hosting.resolver.resolved(
            record.context,
            for: Sharer(record.owner)
        )
        var json = record.shown(original: original, ld: ld, sysAttrs: sysAttrs, now: now)
        // Not of the standard: several owners may have a subscription of this identifier.
        if record.owner != caller.party { json["owner"] = .string(record.owner.text) }
        return .object(json)
    }
}
