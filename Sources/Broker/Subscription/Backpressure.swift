import ContextModel

/// Slows writes down when notifications are made faster than receivers take them: nothing is
/// dropped, and the outbox does not grow without end.
package struct Backpressure: Sendable {
    private let feed: OutboxFeed
    private let limits: DeliveryLimits
    private let sleep: @Sendable (Duration) async throws -> Void

    private static let nap = Duration.milliseconds(10)

    package init(
        _ feed: OutboxFeed,
        limits: DeliveryLimits,
        sleep: @escaping @Sendable (Duration) async throws -> Void = {
            try await Task.sleep(for: $0)
        }
    ) {
        self.feed = feed
        self.limits = limits
        self.sleep = sleep
    }

    /// Whether what has expired may be removed now.
    ///
    /// Removal never waits: it has a share of its own
    /// beside that of writers, and what does not fit in is removed by a later pass.
    var hasRoomForRemovals: Bool {
        feed.waiting < limits.maximumWaiting + limits.waitingReservedForRemovals
    }

    /// Returns when there is room for what a write may notify; throws when there is none in time.
    func admit() async throws {
        var waited = Duration.zero
        while feed.waiting >= limits.maximumWaiting {
            guard waited < limits.longestWriteDelay else {
                throw BrokerError(
                    .tooManyRequests,
                    "\(limits.maximumWaiting) notifications wait for their receivers: write more "
                        + "slowly, and try this again in a second."
                )
            }
            try await sleep(Self.nap)
            waited += Self.nap
        }
    }
}
