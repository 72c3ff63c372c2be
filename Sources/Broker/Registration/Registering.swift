import ContextModel
import Governance
import Storage

/// The part of a hub with the operations on context source registrations, each in its own file.
package final class Registering: Sendable {
    let access: Access
    /// Reads the hub's own entities.
    let reading: Reading
    /// Finds the subscribers to be notified of a change.
    let matcher: SubscriptionMatcher
    /// The registrations, ready for matching.
    let registrations: ContextSourceRegistry
    let limits: HubLimits
    let clock: HubClock
    let makeIdentifier: @Sendable () -> String

    init(
        _ reading: Reading,
        _ matcher: SubscriptionMatcher,
        _ registrations: ContextSourceRegistry
    ) {
        access = reading.access
        self.reading = reading
        self.matcher = matcher
        self.registrations = registrations
        limits = reading.limits
        clock = reading.clock
        makeIdentifier = reading.makeIdentifier
    }
}
