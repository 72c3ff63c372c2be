import ContextModel
import Governance
import Storage

/// The part of a hub that the operations on subscriptions need, to entities and to registrations: they are
/// its methods, each in a file of its own.
package final class Subscribing: Sendable {
    let access: Access
    /// For what waits for delivery, and was given up on.
    let reading: Reading
    /// The subscriptions, ready for matching.
    let subscriptions: SubscriptionRegistry
    /// Keeps their number.
    let quota: SubscriptionQuota
    /// Tells the dispatcher what is put into the outbox.
    let feed: OutboxFeed
    /// The registrations that subscribers are told of.
    let registrations: ContextSourceRegistry
    /// Puts into force what was changed.
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
