package import ContextModel
import Synchronization

/// The subscriptions of all tenants that this process knows, ready for matching and notifying.
///
/// It is a cache of the store: only `SubscriptionFollower` changes it, by the change feed. Readers
/// get the subscriptions of one moment.
package final class SubscriptionRegistry: Sendable {
    /// The subscriptions of one kind in one tenant, which have an index of their own.
    struct Group: Sendable, Hashable {
        var tenant: TenantName?
        var kind: SubscriptionKind
    }

    private let groups = Mutex<[Group: SubscriptionIndex]>([:])
    /// The tenants whose subscriptions may differ from the store's.
    private let behind = Mutex<Set<TenantName?>>([])
    /// Subscriptions that notify nobody until a moment, by their identifiers: whoever owns them cannot change that.
    private let suspended = Mutex<[String: Timestamp]>([:])
    /// Is notified of subscriptions that were created, changed or removed.
    private let feed: OutboxFeed

    init(feed: OutboxFeed) { self.feed = feed }

    // MARK: Finding

    package subscript(key: SubscriptionKey) -> IndexedSubscription? {
        groups.withLock { $0[Group(key)]?.subscriptions[key.id] }
    }

    /// The present subscriptions of the kind in the tenant; nil when there are none.
    func index(of kind: SubscriptionKind, _ tenant: TenantName?) -> SubscriptionIndex? {
        groups.withLock { $0[Group(tenant: tenant, kind: kind)] }
    }

    package var keys: [SubscriptionKey] {
        groups.withLock { groups in
            groups.flatMap { group, index in index.subscriptions.keys.map { group.key($0) } }
        }
    }

    /// The tenants and snapshots that have subscriptions.
    var tenants: Set<TenantName?> {
        groups.withLock { groups in
            Set(groups.filter { !$0.value.subscriptions.isEmpty }.map(\.key.tenant))
        }
    }

    /// Whether it may notify at the moment: it is in force, and not suspended.
    func mayNotify(_ subscription: IndexedSubscription, at now: Timestamp) -> Bool {
        subscription.subscription.isInForce(at: now)
            && suspended.withLock { $0[subscription.record.id].map { $0 <= now } ?? true }
    }

    func replace(suspended ends: [String: Timestamp]) { suspended.withLock { $0 = ends } }

    /// The subscriptions that notify at intervals.
    package var periodic: [(key: SubscriptionKey, subscription: IndexedSubscription)] {
        groups.withLock { groups in
            groups.flatMap { group, index in index.periodic.map { (group.key($0), $1) } }
        }
    }

    // MARK: Following the store

    package func put(_ subscription: IndexedSubscription, tenant: TenantName?) {
        let key = SubscriptionKey(subscription.record, of: tenant)
        groups.withLock { $0[Group(key), default: SubscriptionIndex()].put(subscription) }
        feed.note([key])
    }

    package func remove(_ key: SubscriptionKey) {
        groups.withLock { $0[Group(key)]?.remove(key.id) }
        feed.note([key])
    }

    /// Replaces all subscriptions of the kind in the tenant.
    package func replace(
        _ subscriptions: [IndexedSubscription],
        _ kind: SubscriptionKind,
        tenant: TenantName?
    ) {
        var index = SubscriptionIndex()
        for subscription in subscriptions { index.put(subscription) }
        let group = Group(tenant: tenant, kind: kind)
        let old = groups.withLock { groups in
            defer { groups[group] = subscriptions.isEmpty ? nil : index }
            return groups[group]?.subscriptions ?? [:]
        }
        let changed = Set(old.keys).union(index.subscriptions.keys)
        feed.note(changed.map { group.key($0) })
    }

    /// Notes whether the subscriptions of the tenant may differ from the store's, because it could
    /// not be read.
    func note(_ tenant: TenantName?, isBehind: Bool) {
        behind.withLock { behind in
            if isBehind { _ = behind.insert(tenant) } else { _ = behind.remove(tenant) }
        }
    }

    /// Whether nobody may be notified in the tenant, because a subscription may have been changed
    /// or removed.
    func isBehind(_ tenant: TenantName?) -> Bool { behind.withLock { $0.contains(tenant) } }
}

extension SubscriptionRegistry.Group {
    init(_ key: SubscriptionKey) { self.init(tenant: key.tenant, kind: key.kind) }

    fileprivate func key(_ id: String) -> SubscriptionKey {
        SubscriptionKey(tenant: tenant, kind: kind, id: id)
    }
}
