import ContextModel
import Storage

/// What the store still has to learn of deliveries to one tenant's subscriptions: written down in
/// one transaction, so that many of them cost little.
struct OutboxSettlement: Sendable {
    typealias Key = SubscriptionMatcher.Key

    /// A notification on its way to the dead letters.
    struct Letter: Sendable {
        var sequence: Int64
        var recipient: String
        var why: Abandonment
    }

    /// Messages that everybody has got.
    var removed: [Int64] = []
    /// Messages that wait for these alone.
    var narrowed: [(sequence: Int64, recipients: [String])] = []
    var letters: [Letter] = []
    /// Subscriptions whose counts have changed.
    var counted: Set<Key> = []

    var isEmpty: Bool {
        removed.isEmpty && narrowed.isEmpty && letters.isEmpty && counted.isEmpty
    }

    mutating func add(_ other: OutboxSettlement) {
        removed += other.removed
        narrowed += other.narrowed
        letters += other.letters
        counted.formUnion(other.counted)
    }

    /// Returns how many dead letters there was no room for.
    func write(
        to transaction: any BookkeepingTransaction,
        _ counts: [Key: DeliveryCounts],
        maximumDeadLetters: Int
    ) throws -> Int {
        for letter in letters {
            guard let message = try transaction.outboxMessage(letter.sequence) else { continue }
            let dead = DeadLetter(
                message,
                to: letter.recipient,
                abandonedAt: letter.why.at,
                reason: letter.why.reason
            )
            try transaction.put(dead.document)
        }
        if !removed.isEmpty { try transaction.removeFromOutbox(removed) }
        for item in narrowed { try transaction.narrowOutbox(item.sequence, to: item.recipients) }
        for (key, counts) in counts { try Self.write(counts, of: key, to: transaction) }
        return letters.isEmpty
            ? 0 : try transaction.removeOldest(.deadLetter, beyond: maximumDeadLetters)
    }

    private static func write(
        _ counts: DeliveryCounts,
        of key: Key,
        to transaction: any BookkeepingTransaction
    ) throws {
        guard let document = try transaction.document(key.kind.documentKind, id: key.id),
            var record = SubscriptionRecord(document)
        else { return }
        record.delivery = counts
        try transaction.put(record.document)
    }
}
