/// Values kept while there is room for them, the room shared fairly.
///
/// When there is too little, the party that takes most of it loses what was not used for longest:
/// nobody can drive out what others need.
package struct FairCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        var value: Value
        var room: Int
        var owner: Party
        var lastUse: Int
    }

    /// What the smallest value takes, so that there are not too many.
    private let smallestRoom: Int
    private var entries: [Key: Entry] = [:]
    private var shares: FairShares<Party>
    private var uses = 0

    package init(maximumBytes: Int, maximumCount: Int) {
        shares = FairShares(capacity: maximumBytes)
        smallestRoom = maximumBytes / maximumCount
    }

    package var values: [Value] { entries.values.map(\.value) }

    /// The value, which does not count as used by this.
    package subscript(key: Key) -> Value? { entries[key]?.value }

    /// The value, which counts as used, and whose it is.
    package mutating func use(_ key: Key) -> (value: Value, owner: Party)? {
        uses += 1
        entries[key]?.lastUse = uses
        return entries[key].map { ($0.value, $0.owner) }
    }

    /// Keeps the value; returns those that went for it, perhaps the value itself.
    package mutating func put(_ value: Value, for key: Key, bytes: Int, owner: Party) -> [Value] {
        _ = remove(key)
        uses += 1
        let entry = Entry(
            value: value,
            room: max(bytes, smallestRoom),
            owner: owner,
            lastUse: uses
        )
        entries[key] = entry
        shares.take(owner, entry.room)
        var gone: [Value] = []
        while shares.total > shares.capacity, let next = next() {
            if let value = remove(next) { gone.append(value) }
        }
        return gone
    }

    private func next() -> Key? {
        let greatest = shares.greatest
        return entries.filter { $0.value.owner == greatest }
            .min { $0.value.lastUse < $1.value.lastUse }?.key
    }

    @discardableResult
    package mutating func remove(_ key: Key) -> Value? {
        guard let entry = entries.removeValue(forKey: key) else { return nil }
        shares.giveBack(entry.owner, entry.room)
        return entry.value
    }
}
