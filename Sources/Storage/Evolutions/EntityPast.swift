package import ContextModel

/// What an entity was before it became what it is: its types and scopes, each for the time it had
/// them.
///
/// A rule of the policy says by types and scopes whose data it is about. Who may see a part of a
/// history is therefore decided by what the entity was when that part was written.
package struct EntityPast: Sendable {
    /// What the entity was until it became something else.
    package struct State: Sendable, Equatable {
        /// The entity as it was then, without its attributes; nil when that is not known any more,
        /// and so covered by no grant that does not cover everything.
        package var entity: Entity?
        /// The moment, in microseconds, from which on a change may belong to what came after it.
        package var changesFrom: Int64
        /// The moment, in microseconds, from which on every change belongs to what came after it.
        ///
        /// It lies after `changesFrom` where clocks do not tell in which order two changes came.
        package var endsAt: Int64

        package init(entity: Entity?, changesFrom: Int64, endsAt: Int64) {
            self.entity = entity
            self.changesFrom = changesFrom
            self.endsAt = endsAt
        }
    }

    /// How many former states of an entity are kept: of those before them it is known that there were
    /// some, and not what they were.
    package static let maximumStates = 5_000

    /// Oldest first.
    private let states: [State]
    private let current: Entity

    /// `states` are in the order of time; `current` is what came after them.
    package init(_ states: [State], current: Entity) {
        self.states = states
        self.current = current
    }

    /// The changes that somebody does not see who may see some of what the entity was.
    package func hidden(_ covers: (Entity) -> Bool) -> HiddenMoments {
        view(covers)?.hidden ?? HiddenMoments([Int64.min..<Int64.max])
    }

    /// What is left for a grant that covers some of what the entity was; nil when it covers nothing.
    ///
    /// A moment that may belong to two states is seen by those alone who may see both.
    package func view(_ covers: (Entity) -> Bool) -> EntityView? {
        var seen: Entity?
        var hidden: [Range<Int64>] = []
        var start = Int64.min
        for state in states {
            if let entity = state.entity, covers(entity) {
                seen = entity
            } else {
                hidden.append(min(start, state.endsAt)..<state.endsAt)
            }
            start = state.changesFrom
        }
        if covers(current) { seen = current } else { hidden.append(start..<Int64.max) }
        return seen.map { EntityView(entity: $0, hidden: HiddenMoments(hidden)) }
    }
}

extension EntityPast.State {
    /// What the entity was, which ends as it becomes something else; nil when its types and scopes
    /// stay as they are.
    ///
    /// `lastChange` is when its history was changed last, as far as that is known; `lastEnd` when
    /// the state before ended.
    package init?(
        ending old: Entity,
        becoming new: Entity,
        lastChange: Int64,
        lastEnd: () throws -> Int64
    ) rethrows {
        guard old.types != new.types || old.scopes != new.scopes else { return nil }
        var was = old
        was.attributes = []
        was.expiresAt = nil
        entity = was
        let last = max(old.modifiedAt?.microseconds ?? 0, lastChange)
        changesFrom = new.modifiedAt?.microseconds ?? last
        // A change that waited for its turn may be dated before one that it waited for.
        endsAt = max(changesFrom, last + 1, try lastEnd() + 1)
    }
}

extension Entity {
    /// The entity with the types, scopes and times it had then.
    package func asIt(was state: Entity) -> Entity {
        var then = state
        then.attributes = attributes
        return then
    }

    /// An entity of which there is history alone, when instances are added to that: the types and
    /// times it is then known by.
    package func evolved(
        types added: [IRI],
        scopes new: [String],
        by changes: [NamedAttribute]
    ) -> Entity {
        var evolved = self
        evolved.types = types.adding(added)
        if !new.isEmpty { evolved.scopes = new }
        let moments = changes.moments
        evolved.createdAt = createdAt ?? moments.min()
        evolved.modifiedAt = (moments + [modifiedAt].compactMap { $0 }).max()
        return evolved
    }
}

extension [NamedAttribute] {
    /// When the instances were written.
    package var moments: [Timestamp] { flatMap { $0.instances.compactMap(\.modifiedAt) } }
}

/// What a reader or writer knows of an entity and its history.
package struct EntityView: Sendable {
    /// The newest of the states that it may see.
    package var entity: Entity
    /// What was changed in these moments is not there for it.
    package var hidden: HiddenMoments
    /// The same for attributes of which more is hidden: those that are hidden in some entities only, and
    /// so in some of what this one was.
    package var hiddenByName: [IRI: HiddenMoments]

    package init(
        entity: Entity,
        hidden: HiddenMoments = HiddenMoments([]),
        byName hiddenByName: [IRI: HiddenMoments] = [:]
    ) {
        self.entity = entity
        self.hidden = hidden
        self.hiddenByName = hiddenByName
    }

    /// The moments whose changes of the attribute are not there.
    func hidden(_ name: IRI) -> HiddenMoments { hiddenByName[name] ?? hidden }

    /// The instance of a history without what was hidden in it when it was written.
    func shape(_ instance: Attribute) -> Attribute {
        guard !hiddenByName.isEmpty, !instance.attributes.isEmpty else { return instance }
        let moment = instance.changedAt
        let hidden = hiddenByName.filter { $0.value.contains(moment) }
        return instance.hiding(Set(hidden.keys))
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
