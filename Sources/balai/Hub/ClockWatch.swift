import Foundation
import Logging
import ServiceLifecycle

/// Tells the log when the machine's clock went back: what is stored then gets times that are past
/// already, and what was stored before is dated in the future.
struct ClockWatch: Service {
    let logger: Logger
    var clock: @Sendable () -> Date = { Date() }
    /// When the hub wrote for the last time, before this start.
    var lastWrittenAt: Date?

    private static let interval = Duration.seconds(1)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var hand = ClockHand(last: lastWrittenAt)
            var before = ContinuousClock.now
            repeat {
                let now = ContinuousClock.now
                tell(hand.move(to: clock(), after: before.duration(to: now)))
                before = now
            } while (try? await Task.sleep(for: Self.interval)) != nil
        }
    }

    private func tell(_ seconds: Double?) {
        guard let seconds else { return }
        logger.warning(
            "the clock of this machine went back",
            metadata: ["seconds": "\(Int(seconds.rounded()))"]
        )
    }
}

/// Compares what a clock shows with the time that has passed.
struct ClockHand {
    private var last: Date?

    /// Clocks are set right by less than this all the time.
    private static let tolerance = 2.0

    init(last: Date?) { self.last = last }

    /// By how many seconds the clock went back; nil when it did not.
    mutating func move(to now: Date, after passed: Duration) -> Double? {
        defer { last = now }
        guard let last else { return nil }
        let (seconds, attoseconds) = passed.components
        let expected = last.addingTimeInterval(Double(seconds) + Double(attoseconds) * 1e-18)
        let back = expected.timeIntervalSince(now)
        return back > Self.tolerance ? back : nil
    }
}
