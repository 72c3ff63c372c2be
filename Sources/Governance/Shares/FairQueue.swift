/// What waits for places that are shared out fairly: each holder's in its own order, and the holder
/// that holds least first.
package struct FairQueue<Holder: Hashable & Sendable, Element> {
    package private(set) var shares: FairShares<Holder>
    private var waiting: [Holder: Queue<Element>] = [:]
    /// Those who wait; of two that hold as many, the one that was not served last is first.
    private var turns: [Holder] = []

    package init(places: Int) { shares = FairShares(capacity: places) }

    package var isEmpty: Bool { turns.isEmpty }

    /// How many of each holder's wait.
    package var counts: [Holder: Int] { waiting.mapValues(\.count) }

    /// How many of the holder's wait.
    package func count(of holder: Holder) -> Int { waiting[holder]?.count ?? 0 }

    package mutating func append(_ element: Element, of holder: Holder) {
        if waiting[holder] == nil { turns.append(holder) }
        waiting[holder, default: Queue()].append(element)
    }

    /// The next whose holder may have one more place, which it takes; nil when there is none.
    package mutating func popNext() -> (element: Element, holder: Holder)? {
        let turn = turns.indices.filter { shares.mayTake(turns[$0]) }
            .min { shares[turns[$0]] < shares[turns[$1]] }
        guard let turn, let element = waiting[turns[turn]]?.popFirst() else { return nil }
        let holder = turns.remove(at: turn)
        shares.take(holder)
        if waiting[holder]?.isEmpty ?? true { waiting[holder] = nil } else { turns.append(holder) }
        return (element, holder)
    }

    package mutating func giveBack(_ holder: Holder) { shares.giveBack(holder) }

    /// Takes those out that wait no longer.
    package mutating func removeAll(where isOver: (Element) -> Bool) -> [Element] {
        var gone: [Element] = []
        for (holder, queue) in waiting {
            let all = queue.prefix(queue.count)
            guard all.contains(where: isOver) else { continue }
            var rest = Queue<Element>()
            for element in all {
                if isOver(element) { gone.append(element) } else { rest.append(element) }
            }
            waiting[holder] = rest.isEmpty ? nil : rest
        }
        turns.removeAll { waiting[$0] == nil }
        return gone
    }
}

extension FairQueue: Sendable where Element: Sendable {}
