internal import ContextModel
internal import Governance
internal import Storage

extension MemoryTransaction {
    func enqueue(
        _ body: [UInt8],
        to recipients: [String],
        at: Timestamp,
        in term: Int64?
    ) throws -> EnqueuedMessage {
        state.lastSequence += 1
        let message = OutboxMessage(
            sequence: state.lastSequence,
            recipients: recipients,
            body: body,
            enqueuedAt: at
        )
        let isClaimed =
            term != nil && term == state.lease?.term
            && state.unclaimed.isEmpty
        state.outbox[message.sequence] = WaitingMessage(
            message: message,
            term: isClaimed ? term : nil
        )
        if !isClaimed { state.unclaimed.insert(message.sequence) }
        return EnqueuedMessage(sequence: message.sequence, isClaimed: isClaimed)
    }

    func outboxLease() throws -> OutboxLease? { state.lease }

    func leaseOutbox(
        to owner: String,
        having term: Int64?,
        until: Timestamp,
        now: Timestamp
    ) throws -> OutboxLease? {
        let granted = OutboxLease.granted(
            to: owner,
            having: term,
            until: until,
            now: now,
            current: state.lease
        )
        if let granted { state.lease = granted }
        return granted
    }

    func releaseOutbox(in term: Int64) throws {
        guard state.lease?.term == term else { return }
        state.lease?.until = Timestamp(microseconds: .min)
    }

    func claimOutbox(
        after sequence: Int64,
        limit: Int,
        in term: Int64,
        grant: InternalGrant
    ) throws -> [OutboxMessage] {
        try requireLease(term)
        let claimed = state.outbox.elements.lazy
            .filter { $0.message.sequence > sequence && $0.term != term }.prefix(limit)
            .map(\.message)
        let messages = Array(claimed)
        for message in messages {
            state.outbox[message.sequence]?.term = term
            state.unclaimed.remove(message.sequence)
        }
        return messages
    }

    func narrowOutbox(
        _ messages: [(sequence: Int64, recipients: [String])],
        in term: Int64
    ) throws {
        try requireLease(term)
        for (sequence, recipients) in messages where state.outbox[sequence]?.term == term {
            state.outbox[sequence]?.message.recipients = recipients
        }
    }

    func removeFromOutbox(_ sequences: [Int64], in term: Int64) throws {
        try requireLease(term)
        for sequence in sequences where state.outbox[sequence]?.term == term {
            state.outbox[sequence] = nil
        }
    }

    func outboxMessage(_ sequence: Int64, grant: InternalGrant) throws -> OutboxMessage? {
        state.outbox[sequence]?.message
    }

    private func requireLease(_ term: Int64) throws(StorageError) {
        guard state.lease?.term == term else {
            throw StorageError(.leaseLost, note: "another process has the lease of the outbox")
        }
    }
}
