package import ContextModel

/// The clock of a hub, which tells the time and sleeps; tests can replace it.
///
///     let now = clock()
///     try await clock.sleep(for: .seconds(1))
package struct HubClock: Sendable {
    /// The present time.
    package let now: @Sendable () -> Timestamp
    private let sleep: @Sendable (Duration) async throws -> Void

    /// `sleep` must return after the duration, and throw when its task is cancelled before.
    package init(
        _ now: @escaping @Sendable () -> Timestamp,
        sleep: @escaping @Sendable (Duration) async throws -> Void = {
            try await Task.sleep(for: $0)
        }
    ) {
        self.now = now
        self.sleep = sleep
    }

    /// The present time.
    package func callAsFunction() -> Timestamp { now() }

    /// Waits for the duration; throws `CancellationError` when the task is cancelled.
    package func sleep(for duration: Duration) async throws { try await sleep(duration) }
}
