import DequeModule
import Governance
import Storage

/// Limits the dead letters of a tenant; the limit is shared out among the owners of their
/// subscriptions.
struct DeadLetterLimit {
    let limits: DeliveryLimits
    /// The bytes written since the last check.
    private var written = 0

    /// The fraction of the limit after which it is checked: a check reads the sizes of all.
    private static let part = 64

    init(limits: DeliveryLimits) { self.limits = limits }

    /// Adds these letters; returns whether it is time to check.
    mutating func mustBeTrimmed(after letters: [OutboxSettlement.Letter]) -> Bool {
        written += letters.reduce(0) { $0 + max(limits.bytesPerDeadLetter, $1.bytes) }
        guard written >= limits.maximumDeadLetterBytes / Self.part else { return false }
        written = 0
        return true
    }

    /// Removes the oldest letters of the owner who has most until the limit is kept; returns how
    /// many were removed.
    static func trim(
        _ transaction: any BookkeepingTransaction,
        _ limits: DeliveryLimits
    ) throws -> Int {
        var shares = FairShares<Party>(capacity: limits.maximumDeadLetterBytes)
        var letters: [Party: Deque<(id: String, bytes: Int)>] = [:]
        for letter in try transaction.documentSizes(.deadLetter) {
            let owner = DeadLetter.owner(ofID: letter.id)
            let bytes = max(limits.bytesPerDeadLetter, letter.bytes)
            shares.take(owner, bytes)
            letters[owner, default: []].append((letter.id, bytes))
        }
        var count = 0
        while shares.total > shares.capacity, let greatest = shares.greatest,
            let oldest = letters[greatest]?.popFirst()
        {
            shares.giveBack(greatest, oldest.bytes)
            if try transaction.removeDocument(.deadLetter, id: oldest.id) { count += 1 }
        }
        return count
    }
}
