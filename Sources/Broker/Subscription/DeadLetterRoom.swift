import Governance
import Storage

/// Keeps the dead letters of a tenant within their room, which is shared out among the owners of the
/// subscriptions they were for.
struct DeadLetterRoom {
    let limits: DeliveryLimits
    /// What was written since it was last looked at.
    private var written = 0

    /// Looked at each time so large a part of the room was written: a look is a walk over all.
    private static let part = 64

    init(limits: DeliveryLimits) { self.limits = limits }

    /// Whether it is time to look, with these letters.
    mutating func mustBeTrimmed(after letters: [OutboxSettlement.Letter]) -> Bool {
        written += letters.reduce(0) { $0 + max(limits.bytesPerDeadLetter, $1.bytes) }
        guard written >= limits.maximumDeadLetterBytes / Self.part else { return false }
        written = 0
        return true
    }

    /// Removes the oldest letters of whoever has most until the rest has room; returns how many went.
    static func trim(
        _ transaction: any BookkeepingTransaction,
        _ limits: DeliveryLimits
    ) throws -> Int {
        var shares = FairShares<Party>(capacity: limits.maximumDeadLetterBytes)
        var letters: [Party: Queue<(id: String, room: Int)>] = [:]
        for letter in try transaction.documentSizes(.deadLetter) {
            let owner = DeadLetter.owner(ofID: letter.id)
            let room = max(limits.bytesPerDeadLetter, letter.bytes)
            shares.take(owner, room)
            letters[owner, default: Queue()].append((letter.id, room))
        }
        var count = 0
        while shares.total > shares.capacity, let greatest = shares.greatest,
            let oldest = letters[greatest]?.popFirst()
        {
            shares.giveBack(greatest, oldest.room)
            if try transaction.removeDocument(.deadLetter, id: oldest.id) { count += 1 }
        }
        return count
    }
}
