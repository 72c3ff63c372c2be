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
        package var id: String
    }

    private let tenants = Mutex<[TenantName?: SubscriptionIndex]>([:])
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
        guard let index = tenants.withLock({ $0[tenant] }) else { return }
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
        tenants.withLock { $0[tenant, default: SubscriptionIndex()].put(subscription) }
    }

    package func remove(_ id: String, tenant: TenantName?) {
        tenants.withLock { $0[tenant]?.remove(id) }
    }

    /// Takes the place of all that was known of the tenant.
    package func replace(_ subscriptions: [IndexedSubscription], tenant: TenantName?) {
        var index = SubscriptionIndex()
        for subscription in subscriptions { index.put(subscription) }
        tenants.withLock { $0[tenant] = index }
    }

    package subscript(key: Key) -> IndexedSubscription? {
        tenants.withLock { $0[key.tenant]?.subscriptions[key.id] }
    }

    func count(tenant: TenantName?) -> Int {
        tenants.withLock { $0[tenant]?.subscriptions.count ?? 0 }
    }

    package var keys: [Key] {
        tenants.withLock { tenants in
            tenants.flatMap { tenant, index in
                index.subscriptions.keys.map { Key(tenant: tenant, id: $0) }
            }
        }
    }

    /// Subscriptions that notify at intervals.
    package var periodic: [(key: Key, subscription: IndexedSubscription)] {
        tenants.withLock { tenants in
            tenants.flatMap { tenant, index in
                index.subscriptions.values
                    .filter { $0.subscription.intervalMicroseconds != nil }
                    .map { (Key(tenant: tenant, id: $0.record.id), $0) }
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
