package import ContextModel
package import Governance

/// A notification that waits for delivery.
package struct OutboxMessage: Sendable, Equatable {
    package var sequence: Int64
    /// The subscriptions that still have to get it.
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

/// How full the outbox is.
package struct OutboxDepth: Sendable, Equatable {
    /// Notifications still to be sent: one for each recipient.
    package var count: Int
    package var oldest: Timestamp?

    package init(count: Int, oldest: Timestamp?) {
        self.count = count
        self.oldest = oldest
    }
}

/// The right of one process to deliver what waits in an outbox, until a moment.
package struct OutboxLease: Sendable, Equatable {
    /// The process, by a name that it has again after a restart and no other process has.
    package var owner: String
    /// Grows each time the lease is taken.
    ///
    /// A message that was claimed in an earlier term is claimed no more.
    package var term: Int64
    /// When another process may take the lease, unless it is extended.
    package var until: Timestamp

    package init(owner: String, term: Int64, until: Timestamp) {
        self.owner = owner
        self.term = term
        self.until = until
    }

    /// The lease that `owner` gets when it asks for one at `now`, having the one of `term`.
    ///
    /// Nil while another process has it. Who has it gets it extended; a process that asks without a
    /// term has started anew, and gets a new one.
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

/// A message that was put into the outbox.
package struct EnqueuedMessage: Sendable, Equatable {
    package var sequence: Int64
    /// Whether whoever put it there may deliver it at once.
    package var isClaimed: Bool

    package init(sequence: Int64, isClaimed: Bool) {
        self.sequence = sequence
        self.isClaimed = isClaimed
    }
}

/// The outbox, as a transaction changes it.
///
/// ## What is promised
///
/// - *One at a time.* One process has the lease of an outbox. Nobody else can claim or settle
///   messages until the lease has ended or was released, so what order, limits and shares one process
///   keeps hold for all of them.
/// - *In order.* Messages are handed over in the order of their numbers, which is the order of
///   their commits, and each once in a term.
/// - *Nothing is lost.* What was claimed and not settled is handed over to whoever has the lease next: a
///   message is delivered at least once.
/// - *Time comes in.* The store looks at no clock; whoever has a lease must not deliver beyond its
///   end by its own clock.
///
/// A process that has the lease claims what it puts into the outbox in the same transaction. With one
/// process, no message needs a transaction of its own.
package protocol OutboxTransaction: AnyObject {
    /// Puts a notification into the outbox, once for all who get it; it is delivered after the
    /// commit, at least once. Its number is higher than that of any before it.
    ///
    /// It is claimed if `term` is the one of the lease and no message waits unclaimed, which would be
    /// overtaken. Messages claimed in earlier terms are not considered: pass the term only once a
    /// claim has returned fewer messages than it might.
    func enqueue(
        _ body: [UInt8],
        to recipients: [String],
        at: Timestamp,
        in term: Int64?
    ) throws -> EnqueuedMessage
    /// Who has the lease, or had it last; nil when nobody had it yet.
    func outboxLease() throws -> OutboxLease?
    /// Takes the lease, or extends it; see `OutboxLease.granted`.
    func leaseOutbox(
        to owner: String,
        having term: Int64?,
        until: Timestamp,
        now: Timestamp
    ) throws -> OutboxLease?
    /// Gives the lease back; does nothing when another has it by now.
    func releaseOutbox(in term: Int64) throws
    /// Claims the oldest messages with numbers above the one given that are not claimed in this term.
    ///
    /// Like all that follow it throws `leaseLost` when the term is not the one of the lease.
    func claimOutbox(
        after sequence: Int64,
        limit: Int,
        in term: Int64,
        grant: InternalGrant
    ) throws -> [OutboxMessage]
    /// Leaves of claimed messages only those recipients who have not got them yet.
    func narrowOutbox(
        _ messages: [(sequence: Int64, recipients: [String])],
        in term: Int64
    ) throws
    /// Takes claimed messages, delivered or given up, out of the outbox.
    func removeFromOutbox(_ sequences: [Int64], in term: Int64) throws
    /// One waiting notification; nil when it waits no more.
    func outboxMessage(_ sequence: Int64, grant: InternalGrant) throws -> OutboxMessage?
}

extension OutboxTransaction {
    /// Puts a notification into the outbox for whoever has the lease; returns its number.
    package func enqueue(
        _ body: [UInt8],
        to recipients: [String],
        at: Timestamp
    ) throws -> Int64 {
        try enqueue(body, to: recipients, at: at, in: nil).sequence
    }
}
