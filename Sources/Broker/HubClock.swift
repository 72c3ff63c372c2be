package import ContextModel

/// Tells a hub the time, and waits for it; a test can give a hub a clock of its own.
///
///     let now = clock()
///     try await clock.sleep(for: .seconds(1))
package struct HubClock: Sendable {
    /// The moment that it is.
    package let now: @Sendable () -> Timestamp
    private let sleep: @Sendable (Duration) async throws -> Void

    /// `sleep` returns after the duration, and throws when its task is cancelled before that.
    package init(
        _ now: @escaping @Sendable () -> Timestamp,
        sleep: @escaping @Sendable (Duration) async throws -> Void = {
            try await Task.sleep(for: $0)
        }
    ) {
        self.now = now
        self.sleep = sleep
    }

    /// The moment that it is.
    package func callAsFunction() -> Timestamp { now() }

    /// Waits; throws `CancellationError` when the task is cancelled.
    package func sleep(for duration: Duration) async throws { try await sleep(duration) }
}
