package import ContextModel
import Governance

/// What an entity was before its present state: its types and scopes, each with the time they
/// held.
///
/// Policies use types and scopes to say whose data they cover. Whether a reader may see a part of
/// a history is therefore decided by what the entity was when that part was written.
package struct EntityPast: Sendable {
    /// A former state of the entity.
    package struct State: Sendable, Equatable {
        /// The entity in this state, without its attributes; nil when it is no longer known.
        ///
        /// Only a grant that covers everything covers an unknown state.
        package var entity: Entity?
        /// The moment, in microseconds, from which a change may belong to the next state.
        package var changesFrom: Int64
        /// The moment, in microseconds, from which every change belongs to the next state.
        ///
        /// It lies after `changesFrom` where the clocks do not tell in which order two changes
        /// came.
        package var endsAt: Int64

        package init(entity: Entity?, changesFrom: Int64, endsAt: Int64) {
            self.entity = entity
            self.changesFrom = changesFrom
            self.endsAt = endsAt
        }
    }

    /// The most former states kept for an entity; of older ones only their existence is known.
    package static let maximumStates = 5_000

    /// Oldest first.
    private let states: [State]
    private let current: Entity

    /// Creates it from `states`, in the order of time; `current` is the state after them.
    package init(_ states: [State], current: Entity) {
        self.states = states
        self.current = current
    }

    /// The moments whose changes are hidden from a reader who may see only some of the states.
    package func hidden(_ covers: (Entity) -> Bool) -> HiddenMoments {
        view(covers)?.hidden ?? HiddenMoments([Int64.min..<Int64.max])
    }

    /// What a grant that covers some of the states lets its owner see; nil when it covers none.
    ///
    /// A moment that may belong to either of two states is shown only when both are covered.
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
    /// Creates the state that ends when `entity` becomes something else; nil when its types and
    /// scopes stay the same.
    ///
    /// `lastChange` is the last known change of its history; `lastEnd` is the end of the state
    /// before.
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
        // A change that waited for its turn may be dated before the change it waited for.
        endsAt = max(changesFrom, last + 1, try lastEnd() + 1)
    }
}

extension Entity {
    /// The entity with the types, scopes and times of the former state.
    package func inState(was state: Entity) -> Entity {
        var then = state
        then.attributes = attributes
        return then
    }

    /// The types and times of an entity that has only a history, after instances were added to it.
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
    /// The times at which the instances were written.
    package var moments: [Timestamp] { flatMap { $0.instances.compactMap(\.modifiedAt) } }
}

/// What a reader or writer may know of an entity and its history.
package struct EntityView: Sendable {
    /// The newest state that it may see.
    package var entity: Entity
    /// The moments whose changes are hidden.
    package var hidden: HiddenMoments
    /// Further hidden moments of single attributes: those hidden in some of the entity's states, and those
    /// that are delayed.
    package var hiddenByName: [IRI: HiddenMoments]
    /// What is made of attributes; what several rules shape in different ways is hidden.
    var shaping = EntityShaping()

    package init(
        entity: Entity,
        hidden: HiddenMoments = HiddenMoments([]),
        byName hiddenByName: [IRI: HiddenMoments] = [:]
    ) {
        self.entity = entity
        self.hidden = hidden
        self.hiddenByName = hiddenByName
    }

    /// The moments whose changes of the attribute are hidden.
    func hidden(_ name: IRI) -> HiddenMoments { hiddenByName[name] ?? hidden }

    /// The instance without what was hidden in it when it was written, and with what is shaped as it is
    /// shown; nil where nothing of it is.
    func shape(_ instance: Attribute, of name: IRI) -> Attribute? {
        guard let shaped = shaping.shape(instance, of: name) else { return nil }
        guard !hiddenByName.isEmpty, !shaped.attributes.isEmpty else { return shaped }
        let moment = shaped.changedAt
        let hidden = hiddenByName.filter { $0.value.contains(moment) }
        return shaped.hiding(Set(hidden.keys))
    }

    /// What shows the instances of an attribute that is shaped; nil for all others.
    func choice(of name: IRI) -> InstanceChoice? {
        guard shaping.names.contains(name) else { return nil }
        return { shape($0, of: name) }
    }

    /// The same view with shaped attributes; of a delayed attribute, everything newer than the delay is
    /// hidden.
    func shaped(
        by hidden: HiddenAttributes,
        _ states: [EntityPast.State],
        _ current: Entity,
        at now: Timestamp
    ) -> EntityView {
        guard !hidden.shaped.isEmpty else { return self }
        var view = self
        let found = hidden.shaping(inEvolution: states.map(\.entity) + [current])
        view.shaping = found.0
        for (name, delay) in found.delays {
            let (start, isBefore) = now.microseconds.subtractingReportingOverflow(delay)
            let new = isBefore ? Int64.min : start + 1
            view.hiddenByName[name] = HiddenMoments(
                view.hidden(name).ranges + [new..<Int64.max]
            )
        }
        return view
    }
}

/// The times, in microseconds, whose changes a grant does not cover.
package struct HiddenMoments: Sendable, Equatable {
    /// Disjoint ranges in order, with a gap between each two.
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

    /// The last range that begins at or before the moment, found by binary search.
    private func range(beginningUpTo moment: Int64) -> Range<Int64>? {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].lowerBound <= moment { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? ranges[low - 1] : nil
    }
}
