/// What waits for places that are shared out fairly, those of one holder once more among its parts.
///
/// Holders share as in a `FairQueue`. The holder that is divided stands for many, of whom anybody can be
/// one: those without a token, whose parts are their addresses. A part may take one more place
/// while it holds fewer places than are still free for all parts (see `PartyShares`). The parts take turns.
public struct DividedQueue<Holder: Hashable & Sendable, Part: Hashable & Sendable, Element> {
    @usableFromInline let divided: Holder
    /// Of the holder that is divided no elements, but as many times nil as its parts have some.
    @usableFromInline var holders: FairQueue<Holder, Element?>
    @usableFromInline var parts: FairQueue<Part?, Element>

    /// Makes a queue in which nobody waits.
    @inlinable public init(places: Int, dividing divided: Holder) {
        self.divided = divided
        holders = FairQueue(places: places)
        parts = FairQueue(places: places)
    }

    /// Whether nobody waits.
    @inlinable public var isEmpty: Bool { holders.isEmpty }

    /// The first of each holder's, and of each part's.
    @inlinable public var firsts: [Element] { holders.firsts.compactMap(\.self) + parts.firsts }

    /// How many wait of the holder, or of its part.
    @inlinable public func count(of holder: Holder, _ part: Part?) -> Int {
        holder == divided ? parts.count(of: part) : holders.count(of: holder)
    }

    /// Puts the element behind the others of its holder, or of its part.
    @inlinable public mutating func append(_ element: Element, of holder: Holder, _ part: Part?) {
        guard holder == divided else { return holders.append(element, of: holder) }
        parts.append(element, of: part)
        holders.append(nil, of: holder)
    }

    /// The next whose holder, and part, may have one more place, which they take; nil when there is none.
    @inlinable public mutating func popNext() -> (element: Element, holder: Holder, part: Part?)? {
        let skipped = parts.isEmpty || partMayTake ? nil : divided
        guard let (next, holder) = holders.popNext(except: skipped) else { return nil }
        if let next { return (next, holder, nil) }
        guard let (element, part) = parts.popNext() else {
            preconditionFailure("a part was next")
        }
        return (element, holder, part)
    }

    /// Whether a part that waits may have one more place, as far as its holder may have one.
    @inlinable var partMayTake: Bool {
        mutating get {
            parts.shares.capacity = parts.shares.total + holders.shares.left(for: divided)
            return parts.hasNext
        }
    }

    /// Gives back a place that `popNext` took.
    @inlinable public mutating func giveBack(_ holder: Holder, _ part: Part?) {
        holders.giveBack(holder)
        if holder == divided { parts.giveBack(part) }
    }

    /// Gives back all places that were taken.
    @inlinable public mutating func giveBackAll() {
        holders.shares = FairShares(capacity: holders.shares.capacity)
        parts.shares = FairShares(capacity: parts.shares.capacity)
    }

    /// Removes elements from the front of each holder's queue, and each part's, as long as the closure
    /// says that they no longer wait, and returns them.
    @inlinable public mutating func removeFirst(while isOver: (Element) -> Bool) -> [Element] {
        let ofParts = parts.removeFirst(while: isOver)
        var turns = ofParts.count
        let ofHolders = holders.removeFirst { element in
            if let element { return isOver(element) }
            turns -= 1
            return turns >= 0
        }
        return ofParts + ofHolders.compactMap(\.self)
    }
}

extension DividedQueue: Sendable where Element: Sendable {}
