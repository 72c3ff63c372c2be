/// How the places of something that all parties use are shared among them: who holds how many.
///
/// A party may take one more while it holds fewer than are free. Alone it has half of them at most,
/// beside another that takes what it can get a third, and so on: a share grows while others do not
/// need it and shrinks when they do, and whoever has little finds room without anybody being driven
/// out. What can be driven out is taken from `greatest` instead, and all of it can be used.
package struct FairShares<Holder: Hashable & Sendable>: Sendable {
    package let capacity: Int
    /// Holders of at least one place.
    @usableFromInline package internal(set) var places: [Holder: Int] = [:]
    @usableFromInline package internal(set) var total = 0

    @inlinable package init(capacity: Int, places: [Holder: Int] = [:]) {
        self.capacity = capacity
        self.places = places
        total = places.values.reduce(0, +)
    }

    @inlinable package subscript(holder: Holder) -> Int { places[holder] ?? 0 }

    /// Whether so many more, taken one after the other, are within the holder's share.
    @inlinable package func mayTake(_ holder: Holder, _ count: Int = 1) -> Bool {
        self[holder] + count <= capacity - total - count + 1
    }

    /// Takes them whether they are within its share or not.
    @inlinable package mutating func take(_ holder: Holder, _ count: Int = 1) {
        places[holder, default: 0] += count
        total += count
    }

    /// Takes them if they are within its share; false when they are not.
    @inlinable package mutating func takeIfFair(_ holder: Holder, _ count: Int = 1) -> Bool {
        guard mayTake(holder, count) else { return false }
        take(holder, count)
        return true
    }

    @inlinable package mutating func giveBack(_ holder: Holder, _ count: Int = 1) {
        let left = self[holder] - count
        precondition(left >= 0, "more is given back than was taken")
        places[holder] = left > 0 ? left : nil
        total -= count
    }

    /// Who holds most.
    @inlinable package var greatest: Holder? { places.max { $0.value < $1.value }?.key }
}
