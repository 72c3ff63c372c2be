import ContextModel
import Governance

/// Slows a party's writes down when notifications of its own subscriptions are made faster than their
/// receivers take them, so that it loses none.
///
/// Subscriptions of other parties do not slow the writer down: a party whose messages take more
/// than its share loses its oldest ones.
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

    /// Whether what has expired may be removed now.
    ///
    /// Removal, in the operator's name, never waits: it has room of its own beside that of the operator's
    /// writes, and what does not fit in is removed by a later pass.
    var hasRoomForRemovals: Bool {
        feed.waiting(of: .operator)
            < limits.maximumWaiting + limits.waitingReservedForRemovals
    }

    /// Returns when there is room for what a write may notify; throws when there is none in time.
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
