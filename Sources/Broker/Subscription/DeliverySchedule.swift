package import ContextModel

/// How persistent delivery is.
package struct DeliveryLimits: Sendable, Hashable {
    /// Before the first retry; each further one waits twice as long.
    package var firstRetryMicroseconds: Int64 = 500_000
    package var longestRetryMicroseconds: Int64 = 600_000_000
    /// Attempts for a notification before it goes to the dead letters.
    package var maximumAttempts = 12
    /// Notifications on their way to one receiver (host and port) at most.
    package var maximumPerEndpoint = 8
    /// Notifications on their way in all, at most.
    package var maximumConcurrent = 256
    /// Messages of a subscription taken from the outbox at once.
    package var page = 200
    /// When the subscription names no timeout, and at most.
    package var timeoutMilliseconds = 10_000.0
    package var longestTimeoutMilliseconds = 60_000.0
    /// Entities of a periodic notification at most.
    package var maximumPeriodicEntities = 1_000
    /// Linked Entities of a notification at most; what is beyond stays a plain Relationship.
    package var maximumLinkedEntities = 1_000
    /// Dead letters of a tenant kept at most; the oldest goes first.
    package var maximumDeadLetters = 10_000

    package init() {}
}

/// When the next notification of a subscription may be sent: throttling (clause 5.2.12), cooldown
/// (clause 5.2.15) and retries.
///
/// A value: time and chance come in.
package struct DeliverySchedule: Sendable, Equatable {
    /// What to do with the oldest message.
    package enum Step: Sendable, Equatable {
        case send
        case wait(until: Timestamp)
    }

    /// What a failed attempt leads to.
    package enum Verdict: Sendable, Equatable {
        case retry
        /// Enough tried: to the dead letters with it.
        case giveUp
    }

    /// Failed attempts in a row for the oldest message.
    package private(set) var failures = 0
    package private(set) var notBefore: Timestamp?
    private var lastSent: Timestamp?

    /// `lastSent` is when the subscription last notified, before this program started.
    package init(lastSent: Timestamp? = nil) { self.lastSent = lastSent }

    /// Whether forgetting it would change nothing.
    package func isAtRest(throttlingMicroseconds: Int64?, now: Timestamp) -> Bool {
        failures == 0 && step(throttlingMicroseconds: throttlingMicroseconds, now: now) == .send
    }

    package func step(throttlingMicroseconds: Int64?, now: Timestamp) -> Step {
        var earliest = notBefore
        if failures == 0, let throttlingMicroseconds, let lastSent {
            let (sum, overflow) = lastSent.microseconds.addingReportingOverflow(
                throttlingMicroseconds
            )
            let free = Timestamp(microseconds: overflow ? .max : sum)
            earliest = max(earliest ?? free, free)
        }
        guard let earliest, earliest > now else { return .send }
        return .wait(until: earliest)
    }

    package mutating func succeeded(at now: Timestamp) {
        failures = 0
        notBefore = nil
        lastSent = now
    }

    /// `chance` is between 0 and 1 and spreads retries, so that receivers coming back are not met
    /// by all of them at once.
    package mutating func failed(
        at now: Timestamp,
        limits: DeliveryLimits,
        cooldownMilliseconds: Double?,
        chance: Double
    ) -> Verdict {
        failures += 1
        let cooldown = Int64((cooldownMilliseconds ?? 0) * 1_000)
        guard failures < limits.maximumAttempts else {
            failures = 0
            notBefore = Timestamp(microseconds: now.microseconds + cooldown)
            return .giveUp
        }
        let doubled = limits.firstRetryMicroseconds << Int64(min(failures - 1, 40))
        let pause = min(
            max(doubled, limits.firstRetryMicroseconds),
            limits.longestRetryMicroseconds
        )
        // Between half the pause and all of it.
        let spread = pause / 2 + Int64(Double(pause / 2) * chance)
        notBefore = Timestamp(microseconds: now.microseconds + max(spread, cooldown))
        return .retry
    }
}
