import Foundation
import Logging
import ServiceLifecycle

/// Logs when the machine's clock was set back: new data then gets times in the past, and older
/// data has times in the future.
struct ClockWatch: Service {
    let logger: Logger
    var clock: @Sendable () -> Date = { Date() }
    /// The time of the hub's last write before this start.
    var lastWrittenAt: Date?

    private static let interval = Duration.seconds(1)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var lastReading = ClockHand(last: lastWrittenAt)
            var before = ContinuousClock.now
            repeat {
                let now = ContinuousClock.now
                log(lastReading.move(to: clock(), after: before.duration(to: now)))
                before = now
            } while (try? await Task.sleep(for: Self.interval)) != nil
        }
    }

    private func log(_ seconds: Double?) {
        guard let seconds else { return }
        logger.warning(
            "the clock of this machine was set back",
            metadata: ["seconds": "\(Int(seconds.rounded()))"]
        )
    }
}

/// Compares a clock with the time that has passed.
struct ClockHand {
    private var last: Date?

    /// Smaller corrections of clocks are normal.
    private static let tolerance = 2.0

    init(last: Date?) { self.last = last }

    /// The seconds by which the clock was set back; nil when it was not.
    mutating func move(to now: Date, after passed: Duration) -> Double? {
        defer { last = now }
        guard let last else { return nil }
        let (seconds, attoseconds) = passed.components
        let expected = last.addingTimeInterval(Double(seconds) + Double(attoseconds) * 1e-18)
        let back = expected.timeIntervalSince(now)
        return back > Self.tolerance ? back : nil
    }
}
