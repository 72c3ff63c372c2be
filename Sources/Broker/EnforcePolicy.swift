package import Governance
import ContextModel
import Storage

extension Hub {
    /// Puts another policy into force: from now on requests and notifications are decided by it.
    ///
    /// Throws when the subscriptions of a tenant could not be decided anew, after those of all others
    /// were.
    package func enforce(_ policy: Policy) async throws {
        rules.replace(with: policy)
        var failure: (any Error)?
        for (tenant, keys) in Dictionary(grouping: subscriptions.keys, by: \.tenant) {
            do { try await decideAnew(keys, of: tenant) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }

    private func decideAnew(_ keys: [SubscriptionMatcher.Key], of tenant: TenantName?) async throws
    {
        guard let store = try await store.tenant(tenant) else { return }
        // Where subscriptions are changed, so that none is put back that changed meanwhile.
        try await store.changeDocuments(reading: []) { changes in
            changes.afterCommit { [self] in for key in keys { decideAnew(key) } }
        }
    }

    /// What a subscriber may see is kept with its subscription.
    private func decideAnew(_ key: SubscriptionMatcher.Key) {
        guard let old = subscriptions[key] else { return }
        let new = IndexedSubscription(
            subscription: old.subscription,
            record: old.record,
            grant: grant(of: old.record, to: old.subscription, key.tenant),
            tally: old.tally
        )
        subscriptions.put(new, tenant: key.tenant)
    }
}
