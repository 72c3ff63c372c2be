package import ContextModel

/// How persistent delivery is.
package struct DeliveryLimits: Sendable, Hashable {
    /// Before the first retry; each further one waits twice as long.
    package var firstRetryMicroseconds: Int64 = 500_000
    package var longestRetryMicroseconds: Int64 = 600_000_000
    /// Attempts for a notification before it goes to the dead letters.
    package var maximumAttempts = 12
    /// Notifications on their way to one receiver (host and port) at most.
    package var maximumPerEndpoint = 32
    /// The same while the receiver fails: enough to see that it is back.
    package var maximumPerFailingEndpoint = 2
    /// Notifications on their way in all, at most; shared out among the owners of subscriptions.
    package var maximumConcurrent = 1_024
    /// Notifications of a party's own subscriptions that wait for receivers who take them; beyond it
    /// the party's writes are slowed down.
    package var maximumWaiting = 50_000
    /// Notifications of what expired that may wait beyond that: removal does not stop with the
    /// writers, and goes on a pass later when its own share is full.
    package var waitingReservedForRemovals = 50_000
    /// How long a write is held back before it is refused (429).
    package var longestWriteDelay = Duration.seconds(2)
    /// Notifications kept for a subscription whose receiver fails, or whose throttling lasts.
    ///
    /// The oldest of more become dead letters.
    package var maximumHeldBack = 1_000
    /// What all messages may take that wait or are held back; shared out among the owners of
    /// subscriptions.
    ///
    /// A message counts once for each owner, and so much more for each subscription.
    package var maximumBytes = 1 << 30
    package var bytesPerNotification = 4_096
    /// Messages of a subscription that go for a new one, when its owner's share is used up.
    package var maximumShed = 4
    /// Messages whose contents stay in memory, and their bytes in the store; the others are read back.
    package var maximumLoaded = 20_000
    package var maximumLoadedBytes = 64 << 20
    /// Messages of a subscription worked off at one go.
    package var page = 16
    /// Messages of an outbox claimed in one transaction, where they were not claimed as they came.
    package var claimPage = 500
    /// How long a process has an outbox after it last said so: another takes it over then.
    package var leaseMicroseconds: Int64 = 15_000_000
    /// How often each outbox is looked at: whether its lease must be extended, and whether it has messages
    /// that nobody delivers.
    package var claimIntervalMicroseconds: Int64 = 1_000_000
    /// How long after a delivery the store gets to know the subscription's counts, at most.
    package var countsDelayMicroseconds: Int64 = 5_000_000
    /// How long after a part of its recipients got it a message is kept as if none had.
    package var narrowingDelayMicroseconds: Int64 = 2_000_000
    /// When the subscription names no timeout, and at most.
    package var timeoutMilliseconds = 10_000.0
    package var longestTimeoutMilliseconds = 60_000.0
    /// Entities of a periodic notification at most.
    package var maximumPeriodicEntities = 1_000
    /// Linked Entities of a notification at most; what is beyond stays a plain Relationship.
    package var maximumLinkedEntities = 1_000
    /// Dead letters of a tenant kept at most, and their bytes; the oldest of the party that has most
    /// goes first.
    package var maximumDeadLetters = 10_000
    package var maximumDeadLetterBytes = 256 << 20
    /// What the smallest dead letter counts for.
    var bytesPerDeadLetter: Int { maximumDeadLetterBytes / maximumDeadLetters }
    /// Bytes of dead letters written in one transaction; what is beyond is lost.
    package var maximumDeadLetterBytesAtOnce = 8 << 20

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

    /// Failed attempts in a row, which the next one waits for.
    package private(set) var failures = 0
    /// Those of them that were for the oldest message.
    package private(set) var attempts = 0
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

    /// The oldest message goes without having been delivered: the next one has not been tried, and
    /// waits as long as it would have.
    mutating func skipped() { attempts = 0 }

    /// What the next attempt waits for has changed: it comes at once.
    mutating func hurry() { notBefore = nil }

    /// Another process has notified at the moment.
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

    /// `chance` is between 0 and 1 and spreads retries, so that receivers coming back are not met
    /// by all of them at once.
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
        // Between half the pause and all of it.
        let spread = pause / 2 + Int64(Double(pause / 2) * chance)
        notBefore = Timestamp(microseconds: now.microseconds + max(spread, cooldown))
        return .retry
    }
}
