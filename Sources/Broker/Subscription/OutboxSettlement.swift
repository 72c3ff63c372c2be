import ContextModel
import Governance
import Storage

/// The outcomes of deliveries to one tenant's subscriptions that are to be stored in one
/// transaction.
struct OutboxSettlement: Sendable {
    typealias Key = SubscriptionKey

    /// A notification that becomes a dead letter.
    struct Letter: Sendable {
        var sequence: Int64
        var recipient: String
        var why: Abandonment
        /// The bytes of the message.
        var bytes: Int
    }

    /// Messages that are done for all recipients.
    var removed: [Int64] = []
    /// Messages with their remaining recipients.
    var narrowed: [(sequence: Int64, recipients: [String])] = []
    var letters: [Letter] = []
    /// Subscriptions whose counts have changed.
    var counted: Set<Key> = []

    var isEmpty: Bool {
        removed.isEmpty && narrowed.isEmpty && letters.isEmpty && counted.isEmpty
    }

    /// Whether it has outcomes of messages, and not only counts.
    var isAboutMessages: Bool { !removed.isEmpty || !narrowed.isEmpty || !letters.isEmpty }

    mutating func add(_ other: OutboxSettlement) {
        removed += other.removed
        narrowed += other.narrowed
        letters += other.letters
        counted.formUnion(other.counted)
    }

    /// Writes the outcomes; returns the number of dead letters that were lost.
    func write(
        to transaction: any BookkeepingTransaction,
        _ counts: [Key: DeliveryCounts],
        in term: Int64?,
        limits: DeliveryLimits
    ) throws -> Int {
        var lost = 0
        if let term, isAboutMessages {
            // First, because it throws when another process has the messages.
            try transaction.narrowOutbox(narrowed, in: term)
            lost = try writeLetters(to: transaction, limits)
            try transaction.removeFromOutbox(removed, in: term)
        }
        for (key, counts) in counts { try Self.write(counts, of: key, to: transaction) }
        return lost
    }

    /// Writes the newest letters, as many as fit into one transaction; returns how many are lost.
    private func writeLetters(
        to transaction: any BookkeepingTransaction,
        _ limits: DeliveryLimits
    ) throws -> Int {
        var documents: [Document] = []
        var (bytes, lost) = (0, 0)
        for letter in letters.reversed() {
            guard documents.count < limits.maximumDeadLetters,
                bytes < limits.maximumDeadLetterBytesAtOnce
            else {
                lost += 1
                continue
            }
            let grant = InternalGrant(.delivering)
            guard let message = try transaction.outboxMessage(letter.sequence, grant: grant)
            else { continue }
            let dead = DeadLetter(
                message,
                to: letter.recipient,
                abandonedAt: letter.why.at,
                reason: letter.why.reason
            )
            documents.append(dead.document)
            bytes += dead.document.body.count
        }
        for document in documents.reversed() { try transaction.put(document) }
        return lost
    }

    /// Writes the counts, unless another process has stored greater ones since.
    static func write(
        _ counts: DeliveryCounts,
        of key: Key,
        to transaction: any BookkeepingTransaction
    ) throws {
        guard let document = try transaction.document(key.kind.documentKind, id: key.id),
            var record = SubscriptionRecord(document), counts.areLater(than: record.delivery)
        else { return }
        record.delivery = counts
        try transaction.put(record.document, isQuiet: true)
    }
}
