package import ContextModel
package import Storage
import Synchronization

/// Finds the subscriptions that a change notifies and puts their notifications into the outbox, in
/// the transaction of the change itself: none is lost, and none is sent for what never happened.
///
/// It also is where the operations and the dispatcher find subscriptions ready for use.
package final class SubscriptionMatcher: ChangeObserver {
    /// Names a subscription among those of all tenants.
    package struct Key: Sendable, Hashable {
        package var tenant: TenantName?
        package var kind = SubscriptionKind.entities
        package var id: String
    }

    private struct Group: Hashable {
        var tenant: TenantName?
        var kind: SubscriptionKind
    }

    private let groups = Mutex<[Group: SubscriptionIndex]>([:])
    private let waiting = Mutex<Set<Key>>([])
    private let signal = Mutex<AsyncStream<Void>.Continuation?>(nil)

    package init() {}

    // MARK: Matching

    package func observe(
        _ change: EntityChange,
        tenant: TenantName?,
        at now: Timestamp,
        in transaction: any WriteTransaction
    ) throws {
        let group = Group(tenant: tenant, kind: .entities)
        guard let index = groups.withLock({ $0[group] }) else { return }
        var encoder = NotificationMessage.Encoder(change, at: now)
        for candidate in index.candidates(for: change) {
            let subscription = candidate.subscription
            guard let match = subscription.match(change, at: now) else { continue }
            let body = encoder.message(
                match,
                showsChanges: subscription.notification.showsChanges
            )
            try transaction.enqueue(subscription: subscription.id, body: body, at: now)
            wake(Key(tenant: tenant, id: subscription.id))
        }
    }

    // MARK: Kept in step by the operations

    package func put(_ subscription: IndexedSubscription, tenant: TenantName?) {
        let group = Group(tenant: tenant, kind: subscription.record.kind)
        groups.withLock { $0[group, default: SubscriptionIndex()].put(subscription) }
    }

    package func remove(_ key: Key) {
        groups.withLock { $0[Group(tenant: key.tenant, kind: key.kind)]?.remove(key.id) }
    }

    /// Takes the place of all that was known of the kind in the tenant.
    package func replace(
        _ subscriptions: [IndexedSubscription],
        _ kind: SubscriptionKind,
        tenant: TenantName?
    ) {
        var index = SubscriptionIndex()
        for subscription in subscriptions { index.put(subscription) }
        groups.withLock { $0[Group(tenant: tenant, kind: kind)] = index }
    }

    package subscript(key: Key) -> IndexedSubscription? {
        groups.withLock { $0[Group(tenant: key.tenant, kind: key.kind)]?.subscriptions[key.id] }
    }

    func count(_ kind: SubscriptionKind, tenant: TenantName?) -> Int {
        groups.withLock { $0[Group(tenant: tenant, kind: kind)]?.subscriptions.count ?? 0 }
    }

    /// The subscriptions to the tenant's registrations.
    func toRegistrations(tenant: TenantName?) -> [IndexedSubscription] {
        let group = Group(tenant: tenant, kind: .registrations)
        return groups.withLock { $0[group].map { Array($0.subscriptions.values) } ?? [] }
    }

    package var keys: [Key] {
        groups.withLock { groups in
            groups.flatMap { group, index in
                index.subscriptions.keys.map {
                    Key(tenant: group.tenant, kind: group.kind, id: $0)
                }
            }
        }
    }

    /// Subscriptions that notify at intervals.
    package var periodic: [(key: Key, subscription: IndexedSubscription)] {
        groups.withLock { groups in
            groups.flatMap { group, index in
                index.subscriptions.values
                    .filter { $0.subscription.intervalMicroseconds != nil }
                    .map {
                        (Key(tenant: group.tenant, kind: group.kind, id: $0.record.id), $0)
                    }
            }
        }
    }

    // MARK: Waking the dispatcher

    /// Says that notifications of the subscription may wait, now or once the transaction commits.
    package func wake(_ key: Key) {
        waiting.withLock { _ = $0.insert(key) }
        nudge()
    }

    /// Wakes the dispatcher without a subscription in mind.
    package func nudge() { signal.withLock { _ = $0?.yield() } }

    /// An element whenever something may wait; several wishes are one element.
    ///
    /// Whoever asks last gets them.
    package func makeSignals() -> AsyncStream<Void> {
        let (signals, continuation) = AsyncStream<Void>.makeStream(
            bufferingPolicy: .bufferingNewest(1)
        )
        signal.withLock { $0 = continuation }
        return signals
    }

    package func takeWaiting() -> Set<Key> {
        waiting.withLock {
            let keys = $0
            $0.removeAll(keepingCapacity: true)
            return keys
        }
    }
}
