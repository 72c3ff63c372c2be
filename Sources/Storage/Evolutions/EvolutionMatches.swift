internal import ContextModel

/// An evolution as its reader sees it.
struct SeenEvolution<Key: SeriesKey> {
    /// The entity's number in the history.
    var number: Int64
    /// All its series; empty where there was no room to keep them.
    var keys: [Key]
    var view: EntityView
}

/// The entities that match, as many of them as the page may need.
struct EvolutionMatches<Key: SeriesKey> {
    private let query: TemporalQuery
    private var kept: [SeenEvolution<Key>] = []
    /// All that were added.
    private(set) var count = 0
    /// How many series more may be kept, so that few need not be found once more.
    private var keysRoom = EvolutionLimits.keptSeries

    init(_ query: TemporalQuery) { self.query = query }

    /// Adds an entity; false when the page needs no more.
    mutating func add(_ seen: SeenEvolution<Key>) -> Bool {
        count += 1
        var bare = seen
        bare.view.entity.attributes = []
        if keysRoom < bare.keys.count { bare.keys = [] }
        keysRoom -= bare.keys.count
        let end = query.offset + query.limit
        if let order = query.idOrder {
            kept.append(bare)
            // Sorted and cut now and then, so that a page costs a page of memory.
            if kept.count >= 2 * end + EvolutionLimits.matchesBeforeSort {
                sort(order)
                kept.removeSubrange(end...)
            }
            return true
        }
        if count > query.offset, count <= end { kept.append(bare) }
        return query.wantsCount || count <= end
    }

    var ofPage: ArraySlice<SeenEvolution<Key>> {
        guard let order = query.idOrder else { return kept[...] }
        var sorted = self
        sorted.sort(order)
        return sorted.kept.dropFirst(query.offset).prefix(query.limit)
    }

    private mutating func sort(_ order: TemporalQuery.IDOrder) {
        kept.sort {
            order == .ascending
                ? $0.view.entity.id.uri < $1.view.entity.id.uri
                : $1.view.entity.id.uri < $0.view.entity.id.uri
        }
    }
}
