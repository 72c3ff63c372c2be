import ContextModel
import Governance
import Storage
import Synchronization

/// A subscription that is in force or may come into force, with all it takes to match and notify.
package final class IndexedSubscription: Sendable {
    package let subscription: Subscription
    package let record: SubscriptionRecord
    package let tally: DeliveryTally
    /// Endpoints alike in this are one receiver.
    let receiver: String
    private let policy: PolicySource
    private let subscriber: Caller
    /// The subscriber's rights by the policy that was in force when they were last asked for.
    private let decided: Mutex<SubscriberRights>

    /// One that takes another's place goes on with its tally.
    init(
        subscription: Subscription,
        record: SubscriptionRecord,
        tenant: TenantName?,
        policy: PolicySource,
        tally: DeliveryTally? = nil
    ) {
        self.subscription = subscription
        self.record = record
        self.policy = policy
        self.tally = tally ?? DeliveryTally(record.delivery)
        receiver = subscription.notification.endpoint.authority
        subscriber = record.subscriber(tenant)
        decided = Mutex(
            SubscriberRights(of: subscriber, to: subscription, by: policy.numbered(of: tenant))
        )
    }

    /// What the subscriber may be told of by the policy in force: what it may not see makes no
    /// notification.
    ///
    /// The policy is asked again when a notification is sent.
    var rights: SubscriberRights {
        let number = policy.number
        return decided.withLock { decided in
            if decided.policy != number {
                decided = SubscriberRights(
                    of: subscriber,
                    to: subscription,
                    by: policy.numbered(of: subscriber.tenant)
                )
            }
            return decided
        }
    }

    /// What a subscriber sees of a change.
    enum Sight {
        /// The entity before the change, if there was one, and after it.
        case bothSides
        /// The entity was there and hidden: to the subscriber it is new.
        case comesIntoView
    }

    /// Whether it wants to be told of changes now: asked first, for it costs least.
    func mayNotify(at now: Timestamp) -> Bool {
        subscription.intervalMicroseconds == nil && subscription.isInForce(at: now)
    }

    /// What a subscriber of these rights sees of the change; nil when that is nothing.
    func sight(of change: EntityChange, by rights: SubscriberRights) -> Sight? {
        guard !rights.isDenied, let state = change.after ?? change.before
        else { return nil }
        guard let view = rights.view else { return .bothSides }
        guard view.matches(state) else { return nil }
        guard change.after != nil, let before = change.before else { return .bothSides }
        return view.matches(before) ? .bothSides : .comesIntoView
    }

    /// Whether the entity is one that the subscription is about: after the change, or, of a deleted
    /// one, at the last (clause 5.8.6).
    ///
    /// Decided without what is hidden in it. What is hidden in every entity, no subscription asks for.
    func meetsTarget(
        _ change: EntityChange,
        hiding hidden: Set<IRI>,
        within allowances: MatchingAllowances
    ) -> Bool {
        guard let state = (change.after ?? change.before)?.hiding(hidden) else { return false }
        let target = subscription.preparedTarget
        guard subscription.isCostly else { return target.matches(state) }
        return allowances.decide(for: record.owner) { target.matches(state, within: $0) }
    }
}

/// What a policy lets a subscriber be told of.
final class SubscriberRights: Sendable {
    /// The number of the policy.
    let policy: Int
    /// Attributes that are not there for the subscriber.
    let hidden: HiddenAttributes
    /// Whether the subscriber may be told of nothing at all.
    let isDenied: Bool
    /// The entities it may see; nil for all.
    let view: PreparedCondition?

    init(of subscriber: Caller, to subscription: Subscription, by policy: PolicySource.Numbered) {
        self.policy = policy.number
        let grant = policy.policy.grant(of: subscriber, to: subscription)
        hidden = grant?.hidden ?? HiddenAttributes()
        isDenied = grant == nil
        let condition = grant?.condition ?? .nothing
        view = condition == .everything ? nil : PreparedCondition(condition)
    }
}

extension Policy {
    /// The subscriber's right to be told of what it subscribed to; nil when it may be told of nothing.
    func grant(of subscriber: Caller, to subscription: Subscription) -> ReadGrant? {
        let decision =
            subscription.registrations != nil
            ? decideAdministration(subscriber)
            : decideRead(subscriber, action: .subscribe, condition: subscription.target)
        guard case .grant(let grant) = decision, grant.condition != .nothing else { return nil }
        return grant
    }
}

/// The subscriptions of a tenant, found by what they look for: the cost of a change grows with the
/// subscriptions that could match it, not with those that exist.
struct SubscriptionIndex: Sendable {
    private(set) var subscriptions: [String: IndexedSubscription] = [:]
    /// How many each party has.
    private(set) var counts: [Party: Int] = [:]
    /// Those that notify at intervals.
    private(set) var periodic: [String: IndexedSubscription] = [:]
    /// Each subscription is in the buckets of one of its kinds of key: the narrowest it has.
    private var buckets: [Key: [IndexedSubscription]] = [:]

    /// What a change must touch for the subscription to match.
    enum Key: Hashable {
        case id(EntityID)
        case typedAttribute(IRI, IRI)
        case type(IRI)
        case attribute(IRI)
        case any
    }

    mutating func put(_ subscription: IndexedSubscription) {
        let key = subscription.record.key
        remove(key)
        subscriptions[key] = subscription
        counts[subscription.record.owner, default: 0] += 1
        guard subscription.subscription.intervalMicroseconds == nil else {
            periodic[key] = subscription
            return
        }
        for key in Self.keys(of: subscription.subscription) {
            buckets[key, default: []].append(subscription)
        }
    }

    mutating func remove(_ key: String) {
        guard let old = subscriptions.removeValue(forKey: key) else { return }
        let left = counts[old.record.owner, default: 1] - 1
        counts[old.record.owner] = left > 0 ? left : nil
        if periodic.removeValue(forKey: key) != nil { return }
        for key in Self.keys(of: old.subscription) {
            buckets[key]?.removeAll { $0 === old }
            if buckets[key]?.isEmpty ?? false { buckets[key] = nil }
        }
    }

    /// Subscriptions that the change could match, each once.
    func candidates(for change: EntityChange) -> [IndexedSubscription] {
        guard let entity = change.after ?? change.before, !buckets.isEmpty else { return [] }
        var found: [IndexedSubscription] = []
        var seen: Set<ObjectIdentifier> = []
        func collect(_ key: Key) {
            for candidate in buckets[key] ?? []
            where seen.insert(ObjectIdentifier(candidate)).inserted { found.append(candidate) }
        }
        collect(.any)
        collect(.id(entity.id))
        let names = change.namesSeenToChange
        for type in entity.types {
            collect(.type(type))
            for name in names { collect(.typedAttribute(type, name)) }
        }
        for name in names { collect(.attribute(name)) }
        return found
    }

    // MARK: Keys

    private static let maximumPairs = 1_024

    static func keys(of subscription: Subscription) -> Set<Key> {
        guard let selectors = subscription.selectors else {
            return Set(subscription.watchedAttributes.map { $0.map { .attribute($0) } } ?? [.any])
        }
        let allTypes = selectors.reduce(into: Set<IRI>()) { $0.formUnion(types(of: $1) ?? []) }
        // Of many types and many attributes each pair would be a key.
        let isWide = allTypes.count * (subscription.watchedAttributes?.count ?? 1) > maximumPairs
        let watchedAttributes = isWide ? nil : subscription.watchedAttributes
        return selectors.reduce(into: []) { keys, selector in
            if let ids = ids(of: selector) {
                keys.formUnion(ids.map { .id($0) })
            } else if let types = types(of: selector) {
                for type in types {
                    guard let watched = watchedAttributes else {
                        keys.insert(.type(type))
                        continue
                    }
                    keys.formUnion(watched.map { .typedAttribute(type, $0) })
                }
            } else {
                keys.insert(.any)
            }
        }
    }

    /// Identifiers one of which an entity must have for the condition to hold.
    private static func ids(of condition: Condition) -> Set<EntityID>? {
        switch condition {
        case .ids(let ids): ids
        case .all(let parts): parts.lazy.compactMap(ids).first
        default: nil
        }
    }

    /// Types one of which an entity must have for the condition to hold; nil when none is needed.
    private static func types(of condition: Condition) -> Set<IRI>? {
        switch condition {
        case .type(let type): return [type]
        case .all(let parts): return parts.compactMap(types).min { $0.count < $1.count }
        case .any(let parts):
            var union: Set<IRI> = []
            for part in parts {
                guard let types = types(of: part) else { return nil }
                union.formUnion(types)
            }
            return union
        default: return nil
        }
    }
}

extension EntityChange {
    /// The attributes that changed, and all there are where the entity may come into somebody's view.
    fileprivate var namesSeenToChange: Set<IRI> {
        let changed = Set(attributes.map(\.name))
        guard let before, let after, before.types != after.types || before.scopes != after.scopes
        else { return changed }
        return changed.union(after.attributes.map(\.name))
    }
}
