package import Broker
import ContextModel
package import Logging
import Synchronization

/// The keys of an issuer that publishes them at a URL.
///
/// They are fetched again each ten minutes while tokens come, and when a token names a key that is not among
/// them; but no sooner than 30 seconds after the last time, and ever later while the issuer does not answer.
/// One fetch is under way at a time, and only requests whose key is unknown wait for it.
package final class RemoteKeys: KeySource {
    private struct State {
        var keys = VerificationKeys()
        var fetchedAt: Timestamp?
        var nextAt = Timestamp(microseconds: .min)
        var failures = 0
        var running: Task<Void, Never>?
    }
    private let state = Mutex(State())
    private let issuer: String
    private let clock: HubClock
    private let logger: Logger
    private let fetch: @Sendable () async throws -> [UInt8]

    /// `fetch` gets the key set, of at most `maximumBytes`, and ends by itself.
    package init(
        of issuer: String,
        clock: HubClock,
        logger: Logger,
        fetch: @escaping @Sendable () async throws -> [UInt8]
    ) {
        self.issuer = issuer
        self.clock = clock
        self.logger = logger
        self.fetch = fetch
    }

    /// Those of the last time that the issuer answered; none when that was a day ago.
    package var keys: VerificationKeys {
        let now = clock()
        let (keys, fetchedAt) = state.withLock { ($0.keys, $0.fetchedAt) }
        guard let fetchedAt else { return keys }
        let age = (now.microseconds - fetchedAt.microseconds) / 1_000_000
        if age >= Self.freshSeconds { _ = fetching(now) }
        return age < Self.keptSeconds ? keys : VerificationKeys()
    }

    package func refresh() async { await fetching(clock())?.value }

    /// The fetch that is under way, or a new one; nil when it is too soon for that.
    private func fetching(_ now: Timestamp) -> Task<Void, Never>? {
        state.withLock { state in
            if let running = state.running { return running }
            guard now >= state.nextAt else { return nil }
            let task = Task { await self.fetchKeys() }
            state.running = task
            return task
        }
    }

    private func fetchKeys() async {
        let fetched: VerificationKeys?
        do {
            let bytes = try await fetch()
            let limits = JSONLimits(maximumBytes: Self.maximumBytes, maximumDepth: 8)
            fetched = try await VerificationKeys(set: JSONReader.read(bytes, limits: limits))
        } catch {
            fetched = nil
            logger.warning("the keys of the issuer \(issuer) cannot be fetched: \(error)")
        }
        let now = clock()
        state.withLock { state in
            state.running = nil
            if let fetched {
                state.keys = fetched
                state.fetchedAt = now
                state.failures = 0
            } else {
                state.failures += 1
            }
            let factor = Int64(1) << min(max(state.failures - 1, 0), 4)
            state.nextAt = Timestamp(
                microseconds: now.microseconds + Self.leastSeconds * factor * 1_000_000
            )
        }
    }

    /// Bytes of a key set.
    package static let maximumBytes = 256 << 10
    static let leastSeconds: Int64 = 30
    private static let freshSeconds: Int64 = 600
    private static let keptSeconds: Int64 = 86_400
}
