import ContextModel
import Governance
import Storage

/// The subscriptions of a tenant, indexed so that the cost of a change grows with the number of
/// those that could match, and not of all.
struct SubscriptionIndex: Sendable {
    private(set) var subscriptions: [String: IndexedSubscription] = [:]
    /// The number of subscriptions of each party.
    private(set) var counts: [Party: Int] = [:]
    /// The subscriptions that notify at intervals.
    private(set) var periodic: [String: IndexedSubscription] = [:]
    /// Each subscription is in the buckets of its narrowest kind of key.
    private var buckets: [Key: [IndexedSubscription]] = [:]

    /// A property of a change without which the subscription cannot match.
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

    /// The subscriptions that could match the change, each once.
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
        // With many types and many attributes, there would be too many pairs.
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

    /// Types one of which an entity must have for the condition to hold; nil when any type will
    /// do.
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
    /// The attributes that changed, and all others if the entity may become visible to somebody.
    fileprivate var namesSeenToChange: Set<IRI> {
        let changed = Set(attributes.map(\.name))
        guard let before, let after, before.types != after.types || before.scopes != after.scopes
        else { return changed }
        return changed.union(after.attributes.map(\.name))
    }
}
