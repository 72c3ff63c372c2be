package import ContextModel
package import Governance

/// A notification that waits for delivery.
package struct OutboxMessage: Sendable, Equatable {
    package var sequence: Int64
    /// The subscriptions that have not received it yet.
    package var recipients: [String]
    package var body: [UInt8]
    package var enqueuedAt: Timestamp

    package init(sequence: Int64, recipients: [String], body: [UInt8], enqueuedAt: Timestamp) {
        self.sequence = sequence
        self.recipients = recipients
        self.body = body
        self.enqueuedAt = enqueuedAt
    }
}

/// The number of messages that wait in the outbox, and their age.
package struct OutboxDepth: Sendable, Equatable {
    /// The notifications still to be sent, one for each recipient.
    package var count: Int
    package var oldest: Timestamp?

    package init(count: Int, oldest: Timestamp?) {
        self.count = count
        self.oldest = oldest
    }
}

/// The right of one process to deliver the messages of an outbox until a moment.
package struct OutboxLease: Sendable, Equatable {
    /// The identifier of the process: the same after a restart, and different from every other
    /// process's.
    package var owner: String
    /// The term of the lease, which grows each time that the lease is taken.
    ///
    /// A message that was claimed in an earlier term is not claimed any more.
    package var term: Int64
    /// The moment after which another process may take the lease, unless it is extended.
    package var until: Timestamp

    package init(owner: String, term: Int64, until: Timestamp) {
        self.owner = owner
        self.term = term
        self.until = until
    }

    /// Returns the lease that `owner` gets when it asks at `now` and has the lease of `term`.
    ///
    /// Returns nil while another process has the lease. The lease of its present owner is
    /// extended. A process that asks without a term has been restarted and gets a new term.
    package static func granted(
        to owner: String,
        having term: Int64?,
        until: Timestamp,
        now: Timestamp,
        current: OutboxLease?
    ) -> OutboxLease? {
        guard let current else { return OutboxLease(owner: owner, term: 1, until: until) }
        if current.owner == owner, current.term == term {
            return OutboxLease(owner: owner, term: current.term, until: max(until, current.until))
        }
        guard current.owner == owner || current.until <= now else { return nil }
        return OutboxLease(owner: owner, term: current.term + 1, until: until)
    }
}

/// A message that was added to the outbox.
package struct EnqueuedMessage: Sendable, Equatable {
    package var sequence: Int64
    /// Whether the process that added it may deliver it at once.
    package var isClaimed: Bool

    package init(sequence: Int64, isClaimed: Bool) {
        self.sequence = sequence
        self.isClaimed = isClaimed
    }
}

/// The outbox within a transaction.
///
/// ## What is promised
///
/// - *One at a time.* One process has the lease of an outbox. No other process can claim or settle
///   messages until the lease has ended or was released. So the order, the limits and the shares
///   that this process keeps hold for all messages.
/// - *In order.* Messages are claimed in the order of their numbers, which is the order of their
///   commits, and each once in a term.
/// - *Nothing is lost.* A message that was claimed and not settled is claimed again under the next
///   lease: a message is delivered at least once.
///
/// ## What is not promised
///
/// - The store has no clock. A process that has the lease must stop to deliver when its own clock
///   says that the lease has ended.
///
/// A process that has the lease claims a message in the transaction that adds it to the outbox. So
/// a single process needs no further transaction for a message.
package protocol OutboxTransaction: AnyObject {
    /// Adds a notification to the outbox, once for all its recipients.
    ///
    /// It is delivered at least once, after the commit. Its number is higher than that of every
    /// message before it.
    ///
    /// It is claimed if `term` is the term of the lease and no message waits unclaimed, which it
    /// would overtake. Messages claimed in earlier terms are not considered: pass the term only
    /// after a claim has returned fewer messages than its limit.
    func enqueue(
        _ body: [UInt8],
        to recipients: [String],
        at: Timestamp,
        in term: Int64?
    ) throws -> EnqueuedMessage
    /// The present or last lease; nil when no process has had one.
    func outboxLease() throws -> OutboxLease?
    /// Takes or extends the lease; see `OutboxLease.granted`.
    func leaseOutbox(
        to owner: String,
        having term: Int64?,
        until: Timestamp,
        now: Timestamp
    ) throws -> OutboxLease?
    /// Releases the lease; does nothing when another process has it.
    func releaseOutbox(in term: Int64) throws
    /// Claims the oldest messages with numbers above the given one that are not claimed in this
    /// term.
    ///
    /// Like the methods that follow, it throws `leaseLost` when `term` is not the term of the
    /// lease.
    func claimOutbox(
        after sequence: Int64,
        limit: Int,
        in term: Int64,
        grant: InternalGrant
    ) throws -> [OutboxMessage]
    /// Removes from claimed messages the recipients who have received them.
    func narrowOutbox(
        _ messages: [(sequence: Int64, recipients: [String])],
        in term: Int64
    ) throws
    /// Removes claimed messages that were delivered or given up.
    func removeFromOutbox(_ sequences: [Int64], in term: Int64) throws
    /// A waiting notification; nil when it does not wait any more.
    func outboxMessage(_ sequence: Int64, grant: InternalGrant) throws -> OutboxMessage?
}

extension OutboxTransaction {
    /// Adds a notification to the outbox for the process with the lease; returns its number.
    package func enqueue(
        _ body: [UInt8],
        to recipients: [String],
        at: Timestamp
    ) throws -> Int64 {
        try enqueue(body, to: recipients, at: at, in: nil).sequence
    }
}
