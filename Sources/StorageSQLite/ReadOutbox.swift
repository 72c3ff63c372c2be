internal import ContextModel
internal import Storage

/// The outbox.
extension Reader {
    func outbox(after sequence: Int64, limit: Int) throws -> [OutboxMessage] {
        let rows = try connection.prepare(
            """
            SELECT sequence, enqueued, subscription, body FROM outbox WHERE sequence > ?1
            ORDER BY sequence LIMIT ?2
            """
        ).bind(1, sequence).bind(2, Int64(limit))
        var messages: [OutboxMessage] = []
        while try rows.step() { messages.append(OutboxMessage(rows)) }
        return messages
    }

    func outboxMessage(_ sequence: Int64) throws -> OutboxMessage? {
        try connection.outboxMessage(sequence)
    }

    func outboxDepth() throws -> OutboxDepth {
        // Each recipient is on one line; the oldest message is the first.
        let row = try connection.prepare(
            """
            SELECT coalesce(sum(1 + length(subscription)
                - length(replace(subscription, char(10), ''))), 0),
                (SELECT enqueued FROM outbox ORDER BY sequence LIMIT 1)
            FROM outbox
            """
        )
        _ = try row.step()
        return OutboxDepth(
            count: Int(row.int(0)),
            oldest: row.optionalInt(1).map(Timestamp.init(microseconds:))
        )
    }

    func outboxHasUnclaimed() throws -> Bool {
        let row = try connection.prepare(
            "SELECT EXISTS (SELECT 1 FROM outbox INDEXED BY outbox_unclaimed WHERE term = 0)"
        )
        return try row.step() && row.int(0) != 0
    }

    func outboxLease() throws -> OutboxLease? { try connection.outboxLease() }
}

extension Connection {
    func outboxMessage(_ sequence: Int64) throws -> OutboxMessage? {
        let row = try prepare(
            "SELECT sequence, enqueued, subscription, body FROM outbox WHERE sequence = ?1"
        ).bind(1, sequence)
        return try row.step() ? OutboxMessage(row) : nil
    }

    func outboxLease() throws -> OutboxLease? {
        let row = try prepare("SELECT owner, term, until FROM outbox_lease")
        guard try row.step() else { return nil }
        return OutboxLease(
            owner: row.text(0),
            term: row.int(1),
            until: Timestamp(microseconds: row.int(2))
        )
    }
}

extension OutboxMessage {
    /// The recipients, one on each line; they have no line breaks in them.
    static func text(of recipients: [String]) -> String { recipients.joined(separator: "\n") }

    /// Reads `sequence, enqueued, subscription, body`.
    init(_ row: Statement) {
        self.init(
            sequence: row.int(0),
            recipients: row.text(2).split(separator: "\n").map(String.init),
            body: [UInt8](row.bytes(3)),
            enqueuedAt: Timestamp(microseconds: row.int(1))
        )
    }
}
