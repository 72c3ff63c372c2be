package import ContextModel

/// What an entity was before it became what it is: its types and scopes, each for the time it had
/// them.
///
/// A rule of the policy says by types and scopes whose data it is about. Who may see a part of a
/// history is therefore decided by what the entity was when that part was written.
package struct EntityPast: Sendable {
    /// What the entity was until it became something else.
    package struct State: Sendable, Equatable {
        /// The entity as it was then, without its attributes.
        package var entity: Entity
        /// The moment, in microseconds, from which on a change may belong to what came after it.
        package var changesFrom: Int64
        /// The moment, in microseconds, from which on every change belongs to what came after it.
        ///
        /// It lies after `changesFrom` where clocks do not tell in which order two changes came.
        package var endsAt: Int64

        package init(entity: Entity, changesFrom: Int64, endsAt: Int64) {
            self.entity = entity
            self.changesFrom = changesFrom
            self.endsAt = endsAt
        }
    }

    /// Oldest first.
    private let states: [State]
    private let current: Entity

    /// `states` are in the order of time; `current` is what came after them.
    package init(_ states: [State], current: Entity) {
        self.states = states
        self.current = current
    }

    /// What is left for a grant that covers some of what the entity was; nil when it covers nothing.
    ///
    /// A moment that may belong to two states is seen by those alone who may see both.
    package func view(_ covers: (Entity) -> Bool) -> EntityView? {
        var seen: Entity?
        var hidden: [Range<Int64>] = []
        var start = Int64.min
        for state in states {
            if covers(state.entity) {
                seen = state.entity
            } else {
                hidden.append(min(start, state.endsAt)..<state.endsAt)
            }
            start = state.changesFrom
        }
        if covers(current) { seen = current } else { hidden.append(start..<Int64.max) }
        return seen.map { EntityView(entity: $0, hidden: HiddenMoments(hidden)) }
    }
}

/// What a reader or writer knows of an entity and its history.
package struct EntityView: Sendable {
    /// The newest of the states that it may see.
    package var entity: Entity
    /// What was changed in these moments is not there for it.
    package var hidden: HiddenMoments

    package init(entity: Entity, hidden: HiddenMoments = HiddenMoments([])) {
        self.entity = entity
        self.hidden = hidden
    }
}

/// The times whose changes a grant does not cover, in microseconds.
package struct HiddenMoments: Sendable, Equatable {
    /// Disjoint and in order, so that no range continues another one.
    package let ranges: [Range<Int64>]

    package init(_ ranges: [Range<Int64>]) {
        let ordered = ranges.sorted { $0.lowerBound < $1.lowerBound }
        self.ranges = ordered.reduce(into: []) { merged, range in
            guard let last = merged.last, range.lowerBound <= last.upperBound else {
                return merged.append(range)
            }
            merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
        }
    }

    package var isEmpty: Bool { ranges.isEmpty }

    package func contains(_ moment: Int64) -> Bool {
        range(beginningUpTo: moment).map { moment < $0.upperBound } ?? false
    }

    /// Whether every moment of the range is hidden.
    package func covers(_ moments: Range<Int64>) -> Bool {
        range(beginningUpTo: moments.lowerBound).map { moments.upperBound <= $0.upperBound }
            ?? false
    }

    /// The last range that begins at or before the moment, found by halving.
    private func range(beginningUpTo moment: Int64) -> Range<Int64>? {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].lowerBound <= moment { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? ranges[low - 1] : nil
    }
}
