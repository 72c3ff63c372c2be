internal import ContextModel

/// An evolution as its reader sees it.
struct SeenEvolution<Key: SeriesKey> {
    /// The number of the entity in the history.
    var number: Int64
    /// All series of the entity; empty when too many were found to keep them.
    var keys: [Key]
    var view: EntityView
}

/// The entities that match: as many as the page may need.
struct EvolutionMatches<Key: SeriesKey> {
    private let query: TemporalQuery
    private var kept: [SeenEvolution<Key>] = []
    /// The number of all entities added.
    private(set) var count = 0
    /// How many more series may be kept, so that they need not be found a second time.
    private var keysLeft = EvolutionLimits.keptSeries

    init(_ query: TemporalQuery) { self.query = query }

    /// Adds an entity; returns false when the page needs no more.
    mutating func add(_ seen: SeenEvolution<Key>) -> Bool {
        count += 1
        var bare = seen
        bare.view.entity.attributes = []
        if keysLeft < bare.keys.count { bare.keys = [] }
        keysLeft -= bare.keys.count
        let end = query.offset + query.limit
        if let order = query.idOrder {
            kept.append(bare)
            // Sorted and cut now and then, so that memory stays in proportion to a page.
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
