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
    let subscriptions: SubscriptionMatcher
    /// The registrations that subscribers are told of.
    let registrations: RegistrationShelf
    /// Puts into force what was changed.
    let following: Following
    let hosting: LDContextHosting
    let addresses: CallableAddresses
    let limits: HubLimits
    let clock: HubClock
    let makeIdentifier: @Sendable () -> String

    init(
        _ reading: Reading,
        _ subscriptions: SubscriptionMatcher,
        _ registrations: RegistrationShelf,
        _ following: Following,
        _ hosting: LDContextHosting,
        _ addresses: CallableAddresses
    ) {
        access = reading.access
        self.reading = reading
        self.subscriptions = subscriptions
        self.registrations = registrations
        self.following = following
        self.hosting = hosting
        self.addresses = addresses
        limits = reading.limits
        clock = reading.clock
        makeIdentifier = reading.makeIdentifier
    }
}
