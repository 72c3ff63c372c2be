import ContextModel
import Governance
import Storage
import Synchronization

/// Keeps the subscriptions of a tenant within their number, which all owners share.
///
/// Whoever creates a subscription reserves a place before it writes, so that requests at the same moment
/// do not exceed the number together.
final class SubscriptionQuota: Sendable {
    /// A place for a subscription that is about to be kept.
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
    /// How many each party is about to have besides.
    private let reserved = Mutex<[SubscriptionRegistry.Group: [Party: Int]]>([:])

    /// `capacity` is the number of subscriptions of a kind in a tenant at most.
    init(_ subscriptions: SubscriptionRegistry, capacity: Int) {
        self.subscriptions = subscriptions
        self.capacity = capacity
    }

    /// Takes a place for one more subscription, unless its owner has as many as it may.
    ///
    /// The place is to be given back (`release`) once the subscription is kept, or is not.
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

    /// Gives back a place that was reserved.
    func release(_ place: Place) {
        reserved.withLock { reserved in
            let left = (reserved[place.group]?[place.owner] ?? 1) - 1
            reserved[place.group]?[place.owner] = left > 0 ? left : nil
            if reserved[place.group]?.isEmpty ?? false { reserved[place.group] = nil }
        }
    }
}
