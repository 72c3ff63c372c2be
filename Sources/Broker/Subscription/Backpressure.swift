import ContextModel
import Governance

/// Slows a party's writes down when notifications of its own subscriptions are created faster than
/// their receivers accept them, so that none is lost.
///
/// Subscriptions of other parties do not slow the writer down: a party whose messages exceed its
/// share loses its oldest ones.
package struct Backpressure: Sendable {
    private let feed: OutboxFeed
    private let limits: DeliveryLimits
    private let clock: HubClock

    private static let nap = Duration.milliseconds(10)

    package init(_ feed: OutboxFeed, limits: DeliveryLimits, clock: HubClock) {
        self.feed = feed
        self.limits = limits
        self.clock = clock
    }

    /// Whether expired entities may be removed now.
    ///
    /// Removal, for which the operator is the party, never waits: it has a limit of its own beside
    /// that of the operator's writes. What exceeds it is removed by a later pass.
    var mayRemove: Bool {
        feed.waiting(of: .operator)
            < limits.maximumWaiting + limits.waitingReservedForRemovals
    }

    /// Returns when a write may create notifications; throws when it would have to wait too long.
    func admit(_ party: Party) async throws {
        var waited = Duration.zero
        while feed.waiting(of: party) >= limits.maximumWaiting {
            guard waited < limits.longestWriteDelay else {
                throw BrokerError(
                    .tooManyRequests,
                    "\(limits.maximumWaiting) notifications of your subscriptions wait for their "
                        + "receivers: write more slowly, and try this again in a second."
                )
            }
            try await clock.sleep(for: Self.nap)
            waited += Self.nap
        }
    }
}
