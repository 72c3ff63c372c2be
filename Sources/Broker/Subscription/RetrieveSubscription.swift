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

    /// The subscription as the caller sees it; those who run the hub also see its owner.
    func shown(
        _ record: SubscriptionRecord,
        ld: LDContext,
        sysAttrs: Bool,
        now: Timestamp,
        caller: Caller
    ) async throws -> JSONValue {
        var record = record
        // Counts of deliveries are stored later, by the process that delivers.
        let key = SubscriptionKey(record, of: caller.tenant)
        if let counts = subscriptions[key]?.tally.counts, counts.areLater(than: record.delivery) {
            record.delivery = counts
        }
        let original = try await hosting.resolver.resolved(
            record.context,
            for: Sharer(record.owner)
        )
        var json = record.shown(original: original, ld: ld, sysAttrs: sysAttrs, now: now)
        // Not in the standard: several owners may have a subscription with this identifier.
        if record.owner != caller.party { json["owner"] = .string(record.owner.text) }
        return .object(json)
    }
}
