internal import ContextModel
internal import Governance
internal import Storage

/// The statements that run for each message of the outbox; rare ones are prepared when used.
struct OutboxStatements {
    fileprivate let enqueue, dequeue, claimingTerm: Statement

    init(_ connection: Connection) throws {
        enqueue = try connection.prepare(
            "INSERT INTO outbox (subscription, enqueued, term, body) VALUES (?1, ?2, ?3, ?4)"
        )
        dequeue = try connection.prepare("DELETE FROM outbox WHERE sequence = ?1 AND term = ?2")
        claimingTerm = try connection.prepare(
            """
            SELECT term FROM outbox_lease WHERE NOT EXISTS
                (SELECT 1 FROM outbox INDEXED BY outbox_unclaimed WHERE term = 0)
            """
        )
    }
}

/// Changes of the outbox.
extension Writer {
    func enqueue(
        _ body: [UInt8],
        to recipients: [String],
        at: Timestamp,
        in term: Int64?
    ) throws -> EnqueuedMessage {
        try transaction.willWrite()
        let isClaimed = try term != nil && mayClaimNew(in: term)
        try outbox.enqueue.bind(1, OutboxMessage.text(of: recipients))
            .bind(2, at.microseconds).bind(3, isClaimed ? term ?? 0 : 0).bind(4, body).run()
        return EnqueuedMessage(sequence: connection.lastRowID, isClaimed: isClaimed)
    }

    func outboxLease() throws -> OutboxLease? { try connection.outboxLease() }

    func leaseOutbox(
        to owner: String,
        having term: Int64?,
        until: Timestamp,
        now: Timestamp
    ) throws -> OutboxLease? {
        try transaction.willWrite()
        let granted = OutboxLease.granted(
            to: owner,
            having: term,
            until: until,
            now: now,
            current: try connection.outboxLease()
        )
        guard let granted else { return nil }
        try connection.prepare(
            """
            INSERT INTO outbox_lease (number, owner, term, until) VALUES (1, ?1, ?2, ?3)
            ON CONFLICT (number) DO UPDATE
                SET owner = excluded.owner, term = excluded.term, until = excluded.until
            """
        ).bind(1, granted.owner).bind(2, granted.term).bind(3, granted.until.microseconds).run()
        return granted
    }

    func releaseOutbox(in term: Int64) throws {
        try transaction.willWrite()
        try connection.prepare("UPDATE outbox_lease SET until = ?2 WHERE term = ?1")
            .bind(1, term).bind(2, Int64.min).run()
    }

    func claimOutbox(
        after sequence: Int64,
        limit: Int,
        in term: Int64,
        grant: InternalGrant
    ) throws -> [OutboxMessage] {
        try transaction.willWrite()
        try requireLease(term)
        let rows = try connection.prepare(
            """
            SELECT sequence, enqueued, subscription, body FROM outbox
            WHERE sequence > ?1 AND term <> ?2 ORDER BY sequence LIMIT ?3
            """
        ).bind(1, sequence).bind(2, term).bind(3, Int64(limit))
        var messages: [OutboxMessage] = []
        while try rows.step() { messages.append(OutboxMessage(rows)) }
        rows.reset()
        let claim = try connection.prepare("UPDATE outbox SET term = ?2 WHERE sequence = ?1")
        for message in messages { try claim.bind(1, message.sequence).bind(2, term).run() }
        return messages
    }

    func narrowOutbox(
        _ messages: [(sequence: Int64, recipients: [String])],
        in term: Int64
    ) throws {
        try transaction.willWrite()
        try requireLease(term)
        let narrow = try connection.prepare(
            "UPDATE outbox SET subscription = ?3 WHERE sequence = ?1 AND term = ?2"
        )
        for (sequence, recipients) in messages {
            try narrow.bind(1, sequence).bind(2, term)
                .bind(3, OutboxMessage.text(of: recipients)).run()
        }
    }

    func removeFromOutbox(_ sequences: [Int64], in term: Int64) throws {
        try transaction.willWrite()
        try requireLease(term)
        for sequence in sequences {
            try outbox.dequeue.bind(1, sequence).bind(2, term).run()
        }
    }

    func outboxMessage(_ sequence: Int64, grant: InternalGrant) throws -> OutboxMessage? {
        try connection.outboxMessage(sequence)
    }

    private func requireLease(_ term: Int64) throws {
        guard try connection.outboxLease()?.term == term else {
            throw StorageError(.leaseLost, note: "another process has the lease of the outbox")
        }
    }

    /// Whether the term is that of the lease, and no message waits unclaimed.
    private func mayClaimNew(in term: Int64?) throws -> Bool {
        defer { outbox.claimingTerm.reset() }
        return try outbox.claimingTerm.step() && outbox.claimingTerm.int(0) == term
    }
}
