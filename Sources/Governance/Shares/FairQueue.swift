public import DequeModule

/// What waits for places that are shared out fairly: each holder's in its own order, and the holder
/// that holds least first.
///
/// This type and the shares are used while a lock is held for everybody, so they are inlinable: generic
/// code that is not made for its types takes many times as long. They are public because the compiler
/// inlines public code into other modules, and package code it does not.
public struct FairQueue<Holder: Hashable & Sendable, Element> {
    /// Who holds how many places now; changed by the methods alone.
    public var shares: FairShares<Holder>
    @usableFromInline var waiting: [Holder: Deque<Element>] = [:]
    /// Those who wait; of two that hold as many, the one that was not served last is first.
    @usableFromInline var turns: [Holder] = []

    /// Makes a queue in which nobody waits.
    @inlinable public init(places: Int) { shares = FairShares(capacity: places) }

    /// Whether nobody waits.
    @inlinable public var isEmpty: Bool { turns.isEmpty }

    /// How many of each holder's wait.
    @inlinable public var counts: [Holder: Int] { waiting.mapValues(\.count) }

    /// The first of each holder's.
    @inlinable public var firsts: [Element] { turns.compactMap { waiting[$0]?.first } }

    /// How many of the holder's wait.
    @inlinable public func count(of holder: Holder) -> Int { waiting[holder]?.count ?? 0 }

    /// Puts the element behind the others of its holder.
    @inlinable public mutating func append(_ element: Element, of holder: Holder) {
        guard let place = waiting.index(forKey: holder) else {
            turns.append(holder)
            waiting[holder] = [element]
            return
        }
        waiting.values[place].append(element)
    }

    /// Whether the holder of any element may have one more place.
    @inlinable public var hasNext: Bool { nextTurn(except: nil) != nil }

    /// The turn of whoever is next among those that wait.
    @inlinable func nextTurn(except skipped: Holder?) -> Int? {
        guard shares.total < shares.capacity else { return nil }
        var next: (turn: Int, places: Int)?
        for turn in turns.indices where skipped == nil || turns[turn] != skipped {
            guard shares.mayTake(turns[turn]) else { continue }
            let places = shares[turns[turn]]
            // Nobody holds less, and this one was not served for longest.
            if places == 0 { return turn }
            if next.map({ places < $0.places }) ?? true { next = (turn, places) }
        }
        return next?.turn
    }

    /// The next whose holder may have one more place, which it takes; nil when there is none.
    ///
    /// One holder may be left out.
    @inlinable public mutating func popNext(
        except skipped: Holder? = nil
    ) -> (element: Element, holder: Holder)? {
        guard let turn = nextTurn(except: skipped),
            let place = waiting.index(forKey: turns[turn]),
            let element = waiting.values[place].popFirst()
        else { return nil }
        let holder = turns.remove(at: turn)
        shares.take(holder)
        if waiting.values[place].isEmpty {
            waiting.remove(at: place)
        } else {
            turns.append(holder)
        }
        return (element, holder)
    }

    /// Gives back a place that `popNext` took.
    @inlinable public mutating func giveBack(_ holder: Holder) { shares.giveBack(holder) }

    /// Removes elements from the front of each holder's queue as long as the closure says that they
    /// no longer wait, and returns them.
    @inlinable public mutating func removeFirst(while isOver: (Element) -> Bool) -> [Element] {
        var gone: [Element] = []
        for holder in turns {
            while let first = waiting[holder]?.first, isOver(first) {
                gone.append(first)
                waiting[holder]?.removeFirst()
            }
        }
        guard !gone.isEmpty else { return [] }
        waiting = waiting.filter { !$0.value.isEmpty }
        turns.removeAll { waiting[$0] == nil }
        return gone
    }
}

extension FairQueue: Sendable where Element: Sendable {}
