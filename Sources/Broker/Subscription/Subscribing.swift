import ContextModel
import Governance
import Storage

/// The part of a hub with the operations on subscriptions to entities and to registrations, each
/// in its own file.
package final class Subscribing: Sendable {
    let access: Access
    /// Reads waiting messages and dead letters.
    let reading: Reading
    /// The subscriptions, ready for matching.
    let subscriptions: SubscriptionRegistry
    /// Limits their number.
    let quota: SubscriptionQuota
    /// Passes the dispatcher what is added to the outbox.
    let feed: OutboxFeed
    /// The registrations that subscribers are notified of.
    let registrations: ContextSourceRegistry
    /// Puts changes into force.
    let follower: SubscriptionFollower
    let hosting: LDContextHosting
    let addresses: CallableAddresses
    let limits: HubLimits
    let clock: HubClock
    let makeIdentifier: @Sendable () -> String

    init(
        _ reading: Reading,
        _ subscriptions: SubscriptionRegistry,
        _ feed: OutboxFeed,
        _ registrations: ContextSourceRegistry,
        _ follower: SubscriptionFollower,
        _ hosting: LDContextHosting,
        _ addresses: CallableAddresses
    ) {
        access = reading.access
        self.reading = reading
        self.subscriptions = subscriptions
        quota = SubscriptionQuota(subscriptions, capacity: reading.limits.maximumSubscriptions)
        self.feed = feed
        self.registrations = registrations
        self.follower = follower
        self.hosting = hosting
        self.addresses = addresses
        limits = reading.limits
        clock = reading.clock
        makeIdentifier = reading.makeIdentifier
    }
}
