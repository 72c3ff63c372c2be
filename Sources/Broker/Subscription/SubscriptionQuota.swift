import ContextModel
import Governance
import Storage
import Synchronization

/// Limits the number of subscriptions of a tenant, which is shared out among their owners.
///
/// A request that creates a subscription reserves a place before it writes, so that simultaneous
/// requests do not exceed the limit.
final class SubscriptionQuota: Sendable {
    /// A place for a subscription that is about to be stored.
    struct Place: Sendable {
        let owner: Party
        fileprivate let group: SubscriptionRegistry.Group

        init(_ key: SubscriptionKey, of owner: Party) {
            self.owner = owner
            group = SubscriptionRegistry.Group(key)
        }
    }

    private let subscriptions: SubscriptionRegistry
    private let capacity: Int
    /// The reserved places of each party.
    private let reserved = Mutex<[SubscriptionRegistry.Group: [Party: Int]]>([:])

    /// `capacity` is the most subscriptions of a kind in a tenant.
    init(_ subscriptions: SubscriptionRegistry, capacity: Int) {
        self.subscriptions = subscriptions
        self.capacity = capacity
    }

    /// Reserves a place; false when the owner has as many subscriptions as it may.
    ///
    /// Release the place when the subscription is stored, or cannot be stored.
    func reserve(_ place: Place) -> Bool {
        reserved.withLock { reserved in
            let index = subscriptions.index(of: place.group.kind, place.group.tenant)
            var places = index?.counts ?? [:]
            places.merge(reserved[place.group] ?? [:], uniquingKeysWith: +)
            guard FairShares(capacity: capacity, places: places).mayTake(place.owner) else {
                return false
            }
            reserved[place.group, default: [:]][place.owner, default: 0] += 1
            return true
        }
    }

    /// Releases a place.
    func release(_ place: Place) {
        reserved.withLock { reserved in
            let left = (reserved[place.group]?[place.owner] ?? 1) - 1
            reserved[place.group]?[place.owner] = left > 0 ? left : nil
            if reserved[place.group]?.isEmpty ?? false { reserved[place.group] = nil }
        }
    }
}
