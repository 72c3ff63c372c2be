internal import Governance

/// Values kept while there is room for them, the room shared fairly.
///
/// When there is too little, the party that takes most of it loses what was not used for longest:
/// nobody can drive out what others need.
struct FairCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        var value: Value
        var room: Int
        var owner: Party
        var lastUse: Int
    }

    private let maximumBytes: Int
    /// What the smallest value takes, so that there are not too many.
    private let smallestRoom: Int
    private var entries: [Key: Entry] = [:]
    private var roomByOwner: [Party: Int] = [:]
    private var uses = 0

    init(maximumBytes: Int, maximumCount: Int) {
        self.maximumBytes = maximumBytes
        smallestRoom = maximumBytes / maximumCount
    }

    var values: [Value] { entries.values.map(\.value) }

    /// The value, which does not count as used by this.
    subscript(key: Key) -> Value? { entries[key]?.value }

    /// The value, which counts as used, and whose it is.
    mutating func use(_ key: Key) -> (value: Value, owner: Party)? {
        uses += 1
        entries[key]?.lastUse = uses
        return entries[key].map { ($0.value, $0.owner) }
    }

    /// Keeps the value; returns those that went for it, perhaps the value itself.
    mutating func put(_ value: Value, for key: Key, bytes: Int, owner: Party) -> [Value] {
        _ = remove(key)
        uses += 1
        let entry = Entry(
            value: value,
            room: max(bytes, smallestRoom),
            owner: owner,
            lastUse: uses
        )
        entries[key] = entry
        roomByOwner[owner, default: 0] += entry.room
        var gone: [Value] = []
        while roomByOwner.values.reduce(0, +) > maximumBytes, let next = next() {
            if let value = remove(next) { gone.append(value) }
        }
        return gone
    }

    private func next() -> Key? {
        let greatest = roomByOwner.max { $0.value < $1.value }?.key
        return entries.filter { $0.value.owner == greatest }
            .min { $0.value.lastUse < $1.value.lastUse }?.key
    }

    @discardableResult
    mutating func remove(_ key: Key) -> Value? {
        guard let entry = entries.removeValue(forKey: key) else { return nil }
        let left = roomByOwner[entry.owner, default: 0] - entry.room
        roomByOwner[entry.owner] = left > 0 ? left : nil
        return entry.value
    }

    mutating func removeAll() {
        entries = [:]
        roomByOwner = [:]
    }
}
