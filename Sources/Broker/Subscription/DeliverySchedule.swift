package import ContextModel

/// The limits of delivery.
package struct DeliveryLimits: Sendable, Hashable {
    /// The pause before the first retry; it doubles with each further one.
    package var firstRetryMicroseconds: Int64 = 500_000
    package var longestRetryMicroseconds: Int64 = 600_000_000
    /// The attempts for a notification before it becomes a dead letter.
    package var maximumAttempts = 12
    /// The most notifications being sent to one receiver (host and port).
    package var maximumPerEndpoint = 32
    /// The same for a receiver that fails: enough to notice when it works again.
    package var maximumPerFailingEndpoint = 2
    /// The most notifications being sent in all, shared out among the owners of subscriptions.
    package var maximumConcurrent = 1_024
    /// The notifications of a party's own subscriptions that may wait for working receivers;
    /// beyond it, the party's writes are slowed down.
    package var maximumWaiting = 50_000
    /// The notifications of expired entities that may wait in addition: removal does not wait as
    /// writers do, and continues in a later pass when its own limit is reached.
    package var waitingReservedForRemovals = 50_000
    /// How long a write is delayed before it is refused (429).
    package var longestWriteDelay = Duration.seconds(2)
    /// The notifications kept for a subscription whose receiver fails, or during throttling.
    ///
    /// When there are more, the oldest become dead letters.
    package var maximumHeldBack = 1_000
    /// The bytes of all messages that wait, shared out among the owners of subscriptions.
    ///
    /// A message counts once for each owner, and a little more for each subscription.
    package var maximumBytes = 1 << 30
    package var bytesPerNotification = 4_096
    /// The most messages of a subscription that are dropped for a new one, when its owner's share
    /// is used up.
    package var maximumShed = 4
    /// The messages whose contents stay in memory, and their bytes; others are read from the store
    /// again.
    package var maximumLoaded = 20_000
    package var maximumLoadedBytes = 64 << 20
    /// The messages of a subscription that one run of its lane sends.
    package var page = 16
    /// The messages of an outbox that are claimed in one transaction.
    package var claimPage = 500
    /// How long a lease of an outbox lasts after its last extension; then another process takes
    /// over.
    package var leaseMicroseconds: Int64 = 15_000_000
    /// The interval between two checks of an outbox: whether its lease must be extended, and
    /// whether it has messages that nobody delivers.
    package var claimIntervalMicroseconds: Int64 = 1_000_000
    /// The longest time after a delivery until the subscription's counts are stored.
    package var countsDelayMicroseconds: Int64 = 5_000_000
    /// The time after which recipients that are done are removed from a message that others still
    /// wait for.
    package var narrowingDelayMicroseconds: Int64 = 2_000_000
    /// The timeout of a subscription that names none, and the longest allowed.
    package var timeoutMilliseconds = 10_000.0
    package var longestTimeoutMilliseconds = 60_000.0
    /// The most entities of a periodic notification.
    package var maximumPeriodicEntities = 1_000
    /// The most Linked Entities of a notification; other Relationships stay as they are.
    package var maximumLinkedEntities = 1_000
    /// The most dead letters of a tenant, and their bytes; the oldest of the party with most are
    /// removed first.
    package var maximumDeadLetters = 10_000
    package var maximumDeadLetterBytes = 256 << 20
    /// The least that a dead letter counts for.
    var bytesPerDeadLetter: Int { maximumDeadLetterBytes / maximumDeadLetters }
    /// The bytes of dead letters written in one transaction; more are lost.
    package var maximumDeadLetterBytesAtOnce = 8 << 20

    package init() {}
}

/// Decides when the next notification of a subscription may be sent: throttling (clause 5.2.12),
/// cooldown (clause 5.2.15) and retries.
///
/// It is a value: time and chance are passed in.
package struct DeliverySchedule: Sendable, Equatable {
    /// What to do with the oldest message.
    package enum Step: Sendable, Equatable {
        case send
        case wait(until: Timestamp)
    }

    /// The consequence of a failed attempt.
    package enum Verdict: Sendable, Equatable {
        case retry
        /// No more attempts: it becomes a dead letter.
        case giveUp
    }

    /// The failed attempts in a row, which determine the pause before the next one.
    package private(set) var failures = 0
    /// Those of them for the oldest message.
    package private(set) var attempts = 0
    package private(set) var notBefore: Timestamp?
    private var lastSent: Timestamp?

    /// `lastSent` is the time of the subscription's last notification before this program started.
    package init(lastSent: Timestamp? = nil) { self.lastSent = lastSent }

    /// Whether it equals a new schedule.
    package func isAtRest(throttlingMicroseconds: Int64?, now: Timestamp) -> Bool {
        failures == 0 && step(throttlingMicroseconds: throttlingMicroseconds, now: now) == .send
    }

    package func step(throttlingMicroseconds: Int64?, now: Timestamp) -> Step {
        var earliest = notBefore
        if attempts == 0, let throttlingMicroseconds, let lastSent {
            let (sum, overflow) = lastSent.microseconds.addingReportingOverflow(
                throttlingMicroseconds
            )
            let free = Timestamp(microseconds: overflow ? .max : sum)
            earliest = max(earliest ?? free, free)
        }
        guard let earliest, earliest > now else { return .send }
        return .wait(until: earliest)
    }

    /// Notes that the oldest message was dropped without delivery.
    ///
    /// The next one has had no attempt, and waits as long.
    mutating func skipped() { attempts = 0 }

    /// Ends the pause before the next attempt, because its reason may be gone.
    mutating func hurry() { notBefore = nil }

    /// Notes a notification by another process.
    mutating func noteSent(at moment: Timestamp?) {
        guard let moment else { return }
        lastSent = max(lastSent ?? moment, moment)
    }

    package mutating func succeeded(at now: Timestamp) {
        failures = 0
        attempts = 0
        notBefore = nil
        lastSent = now
    }

    /// Notes a failed attempt.
    ///
    /// `chance`, between 0 and 1, spreads retries, so that a receiver that works again does not
    /// get all of them at once.
    package mutating func failed(
        at now: Timestamp,
        limits: DeliveryLimits,
        cooldownMilliseconds: Double?,
        chance: Double
    ) -> Verdict {
        failures += 1
        attempts += 1
        let cooldown = Int64((cooldownMilliseconds ?? 0) * 1_000)
        guard attempts < limits.maximumAttempts else {
            failures = 0
            attempts = 0
            notBefore = Timestamp(microseconds: now.microseconds + cooldown)
            return .giveUp
        }
        let doubled = limits.firstRetryMicroseconds << Int64(min(failures - 1, 40))
        let pause = min(
            max(doubled, limits.firstRetryMicroseconds),
            limits.longestRetryMicroseconds
        )
        // Between half of the pause and all of it.
        let spread = pause / 2 + Int64(Double(pause / 2) * chance)
        notBefore = Timestamp(microseconds: now.microseconds + max(spread, cooldown))
        return .retry
    }
}
