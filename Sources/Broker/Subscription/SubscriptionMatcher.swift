package import ContextModel
import Governance
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
        /// What its record is kept under: the identifier with whose it is.
        package var id: String
    }

    fileprivate struct Group: Hashable {
        var tenant: TenantName?
        var kind: SubscriptionKind
    }

    /// A place for a subscription of somebody's that is about to be kept.
    struct Place: Sendable {
        let owner: Party
        fileprivate let group: Group

        init(_ record: SubscriptionRecord, _ tenant: TenantName?) {
            owner = record.owner
            group = Group(tenant: tenant, kind: record.kind)
        }
    }

    private let groups = Mutex<[Group: SubscriptionIndex]>([:])
    /// How many each party is about to have besides.
    private let reserved = Mutex<[Group: [Party: Int]]>([:])
    private let allowances = MatchingAllowances()
    /// Tenants whose subscriptions may not be here as the store has them.
    private let behind = Mutex<Set<TenantName?>>([])
    /// Where notifications go.
    package let feed = OutboxFeed()

    package init() {}

    // MARK: Matching

    package func messages(
        of change: EntityChange,
        _ tenant: TenantName?,
        at now: Timestamp
    ) -> [NewMessage] {
        let group = Group(tenant: tenant, kind: .entities)
        guard let index = groups.withLock({ $0[group] }) else { return [] }
        allowances.noteChange()
        var messages = ChangeMessages(change, at: now, within: allowances)
        for candidate in index.candidates(for: change) { messages.offer(to: candidate) }
        return messages.messages().map { message in
            feed.message(
                message.bytes,
                content: .change(message.content),
                to: message.recipients,
                at: now,
                tenant: tenant
            )
        }
    }

    // MARK: Kept in step by the change feed

    package func put(_ subscription: IndexedSubscription, tenant: TenantName?) {
        let record = subscription.record
        let group = Group(tenant: tenant, kind: record.kind)
        groups.withLock { $0[group, default: SubscriptionIndex()].put(subscription) }
        feed.note([Key(tenant: tenant, kind: record.kind, id: record.key)])
    }

    package func remove(_ key: Key) {
        groups.withLock { $0[Group(tenant: key.tenant, kind: key.kind)]?.remove(key.id) }
        feed.note([key])
    }

    /// Takes the place of all that was known of the kind in the tenant.
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
        feed.note(changed.map { Key(tenant: tenant, kind: kind, id: $0) })
    }

    /// Notes whether the subscriptions of the tenant may be others here than in the store, which could
    /// not be asked.
    func note(_ tenant: TenantName?, isBehind: Bool) {
        behind.withLock { behind in
            if isBehind { _ = behind.insert(tenant) } else { _ = behind.remove(tenant) }
        }
    }

    /// Whether nobody may be notified in the tenant, because a subscription may be gone or changed.
    func isBehind(_ tenant: TenantName?) -> Bool { behind.withLock { $0.contains(tenant) } }

    package subscript(key: Key) -> IndexedSubscription? {
        groups.withLock { $0[Group(tenant: key.tenant, kind: key.kind)]?.subscriptions[key.id] }
    }

    /// Takes a place for one more subscription, unless its owner has as many as it may.
    ///
    /// All parties share `capacity`. The place is to be given back once the subscription is kept, or
    /// is not.
    func reserve(_ place: Place, capacity: Int) -> Bool {
        reserved.withLock { reserved in
            var places = groups.withLock { $0[place.group]?.counts ?? [:] }
            places.merge(reserved[place.group] ?? [:], uniquingKeysWith: +)
            guard FairShares(capacity: capacity, places: places).mayTake(place.owner) else {
                return false
            }
            reserved[place.group, default: [:]][place.owner, default: 0] += 1
            return true
        }
    }

    /// Gives back a place that was reserved.
    func release(_ place: Place) {
        reserved.withLock { reserved in
            let left = (reserved[place.group]?[place.owner] ?? 1) - 1
            reserved[place.group]?[place.owner] = left > 0 ? left : nil
            if reserved[place.group]?.isEmpty ?? false { reserved[place.group] = nil }
        }
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

    /// The tenants, and the snapshots, that have subscriptions.
    var tenants: Set<TenantName?> {
        groups.withLock { groups in
            Set(groups.filter { !$0.value.subscriptions.isEmpty }.map(\.key.tenant))
        }
    }

    /// Subscriptions that notify at intervals.
    package var periodic: [(key: Key, subscription: IndexedSubscription)] {
        groups.withLock { groups in
            groups.flatMap { group, index in
                index.periodic.map {
                    (Key(tenant: group.tenant, kind: group.kind, id: $0), $1)
                }
            }
        }
    }
}
