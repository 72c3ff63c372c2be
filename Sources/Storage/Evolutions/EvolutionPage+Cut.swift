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
        for index in evolutions.indices {
            for place in evolutions[index].attributes.indices {
                let attribute = evolutions[index].attributes[place]
                let kept = attribute.instances.filter {
                    isNewest ? query.moment($0) >= edge : query.moment($0) <= edge
                }
                evolutions[index].attributes[place].instances = kept
                // An evolution without instances stays: it has some beyond the range.
                if kept.isEmpty {
                    evolutions[index].kindsBeyondRange[attribute.name] =
                        attribute.instances.first?.kind
                }
            }
        }
        let kept = evolutions.flatMap(\.attributes).flatMap(\.instances).map(query.moment)
        contentRange = isNewest ? (edge, kept.max() ?? edge) : (kept.min() ?? edge, edge)
    }
}
