import ContextModel

extension EvolutionPage {
    /// Removes the instances that are stored at this moment or later, which belong to the next part.
    mutating func remove(from end: Int64) {
        for index in evolutions.indices {
            for place in evolutions[index].attributes.indices {
                evolutions[index].attributes[place].instances.removeAll { $0.historyTime >= end }
            }
            evolutions[index].attributes.removeAll(where: \.instances.isEmpty)
        }
    }

    /// Cuts the page to the limit of instances.
    ///
    /// All series then end at the same moment, so that the content range is true of each (clause
    /// 6.3.10).
    mutating func cut(to query: TemporalQuery, limit: Int) {
        let full = evolutions.flatMap(\.attributes).map(\.instances).filter { $0.count > limit }
        guard !full.isEmpty, limit > 0 else { return }
        let isNewest = query.lastN != nil
        let edges = full.map { query.moment(isNewest ? $0[$0.count - limit] : $0[limit - 1]) }
        guard let edge = isNewest ? edges.max() : edges.min() else { return }
        cut(to: query, at: edge)
    }

    /// The page with the evolutions of another one after its own; all end where the first of both was cut.
    package func followed(by other: EvolutionPage, _ query: TemporalQuery) -> EvolutionPage {
        var page = EvolutionPage(
            evolutions: evolutions + other.evolutions,
            count: count,
            hasMore: hasMore || other.hasMore
        )
        page.storedBytes = storedBytes + other.storedBytes
        let isNewest = query.lastN != nil
        let edges = [contentRange, other.contentRange].compactMap { range in
            range.map { isNewest ? $0.from : $0.to }
        }
        if let edge = isNewest ? edges.max() : edges.min() { page.cut(to: query, at: edge) }
        return page
    }

    /// Removes what is beyond the moment in each series.
    private mutating func cut(to query: TemporalQuery, at edge: Timestamp) {
        let isNewest = query.lastN != nil
        for index in evolutions.indices {
            for place in evolutions[index].attributes.indices {
                let attribute = evolutions[index].attributes[place]
                guard let first = attribute.instances.first else { continue }
                let kept = attribute.instances.filter {
                    isNewest ? query.moment($0) >= edge : query.moment($0) <= edge
                }
                evolutions[index].attributes[place].instances = kept
                // An evolution without instances stays: it has some beyond the range.
                if kept.isEmpty {
                    evolutions[index].kindsBeyondRange[attribute.name] = first.kind
                }
            }
        }
        let kept = evolutions.flatMap(\.attributes).flatMap(\.instances).map(query.moment)
        contentRange = isNewest ? (edge, kept.max() ?? edge) : (kept.min() ?? edge, edge)
    }
}
