/// How the places of something that all parties use are shared among them: who holds how many.
///
/// A party may take one more while it holds fewer than are free. Alone it has half of them at most,
/// beside another that takes what it can get a third, and so on: a share grows while others do not
/// need it and shrinks when they do, and whoever has little finds room without anybody being driven
/// out. What can be driven out is taken from `greatest` instead, and all of it can be used.
public struct FairShares<Holder: Hashable & Sendable>: Sendable {
    /// How many places there are in all.
    public var capacity: Int
    /// Holders of at least one place; like the total, changed by the methods alone.
    public var places: [Holder: Int] = [:]
    /// How many places are taken.
    public var total = 0

    /// Makes shares of which these places are taken already.
    @inlinable public init(capacity: Int, places: [Holder: Int] = [:]) {
        self.capacity = capacity
        self.places = places
        total = places.values.reduce(0, +)
    }

    /// How many places the holder has.
    @inlinable public subscript(holder: Holder) -> Int { places[holder] ?? 0 }

    /// How many more, taken one after the other, are within the holder's share.
    @inlinable public func left(for holder: Holder) -> Int {
        let free = max(0, capacity - total - self[holder])
        return free / 2 + free % 2
    }

    /// Whether so many more are within the holder's share.
    @inlinable public func mayTake(_ holder: Holder, _ count: Int = 1) -> Bool {
        count <= left(for: holder)
    }

    /// Takes them whether they are within its share or not.
    @inlinable public mutating func take(_ holder: Holder, _ count: Int = 1) {
        places[holder, default: 0] += count
        total += count
    }

    /// Takes them if they are within its share; false when they are not.
    @inlinable public mutating func takeIfFair(_ holder: Holder, _ count: Int = 1) -> Bool {
        guard mayTake(holder, count) else { return false }
        take(holder, count)
        return true
    }

    /// Gives back places; to give back more than were taken stops the program.
    @inlinable public mutating func giveBack(_ holder: Holder, _ count: Int = 1) {
        let left = self[holder] - count
        precondition(left >= 0, "more is given back than was taken")
        places[holder] = left > 0 ? left : nil
        total -= count
    }

    /// Who holds most.
    @inlinable public var greatest: Holder? { places.max { $0.value < $1.value }?.key }
}
