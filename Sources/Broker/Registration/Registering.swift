import ContextModel
import Governance
import Storage

/// The part of a hub that the operations on context source registrations need: they are its methods, each
/// in a file of its own.
package final class Registering: Sendable {
    let access: Access
    /// For what the hub has itself.
    let reading: Reading
    /// Says which subscribers are told of a change.
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
