internal import ContextModel

/// Decides the scope query of a temporal query by the times at which scopes held (clauses 4.18 and
/// 5.7.4.4).
final class ScopeSearch<Series: SeriesReading> {
    /// Whether the query has a scope query.
    let isAsked: Bool
    private let decision: PreparedCondition
    private let query: TemporalQuery
    private let makeSeries: (TemporalQuery) throws -> Series
    /// Created for the first entity whose scope has a history.
    private var series: Series?

    init(
        _ condition: Condition,
        query: TemporalQuery,
        makeSeries: @escaping (TemporalQuery) throws -> Series
    ) {
        isAsked = condition != .everything
        decision = PreparedCondition(condition)
        self.query = query
        self.makeSeries = makeSeries
    }

    /// The periods in the requested range in which the entity's scopes match the query.
    func held(by seen: SeenEvolution<Series.Key>) throws -> [ScopeTimeline.Period] {
        try periods(of: seen).filter { period in
            let scopes = period.instance.value.scopes
            return decision.matches(Entity(id: seen.view.entity.id, types: [], scopes: scopes))
        }
    }

    /// The instances of the scope that the answer shows, with the one that holds when the range
    /// begins.
    func shown(of seen: SeenEvolution<Series.Key>) throws -> [Attribute] {
        let instances = try periods(of: seen).map(\.instance)
        guard query.timeProperty == .deletedAt else { return instances }
        return instances.filter { $0.details?.deletedAt != nil }
    }

    private func periods(of seen: SeenEvolution<Series.Key>) throws -> [ScopeTimeline.Period] {
        try timeline(of: seen).periods(from: query.from, to: query.to)
    }

    private func timeline(of seen: SeenEvolution<Series.Key>) throws -> ScopeTimeline {
        let entity = seen.view.entity
        guard let key = seen.keys.first(where: { $0.name == .scope }) else {
            return ScopeTimeline(
                always: entity.scopes,
                createdAt: entity.createdAt,
                modifiedAt: entity.modifiedAt
            )
        }
        let hash = InstanceName.series(entity.id, .scope, key.datasetID)
        let instances = try wholeSeries()
            .instances(
                seen.number,
                key,
                limit: EvolutionLimits.instancesPerDecision,
                hiding: HiddenMoments([]),
                wanted: nil
            )
            .map { $0.named(in: hash) }
        return ScopeTimeline(instances.seen(hiding: seen.view.hidden), moment: query.moment)
    }

    /// Reads all instances: one from before the range may hold in it.
    private func wholeSeries() throws -> Series {
        if let series { return series }
        var whole = query
        (whole.from, whole.to, whole.lastN, whole.aggregation) = (nil, nil, nil, nil)
        if whole.timeProperty == .deletedAt { whole.timeProperty = .modifiedAt }
        let made = try makeSeries(whole)
        series = made
        return made
    }
}

extension [Attribute] {
    /// The scopes that held at any time that is not hidden.
    fileprivate func seen(hiding hidden: HiddenMoments) -> [Attribute] {
        guard !hidden.isEmpty else { return self }
        let written = ScopeTimeline(self) {
            $0.modifiedAt ?? $0.createdAt ?? Timestamp(microseconds: .min)
        }
        return written.periods.filter { period in
            let start = period.from?.microseconds ?? Int64.min
            return !hidden.covers(start..<Swift.max(start, period.to?.microseconds ?? Int64.max))
        }.map(\.instance)
    }
}

extension [NamedAttribute] {
    /// The instances whose moment lies in one of the periods; attributes without any are left out.
    func within(_ periods: [ScopeTimeline.Period], of query: TemporalQuery) -> [NamedAttribute] {
        compactMap { attribute in
            var kept = attribute
            kept.instances.removeAll { !periods.cover(query.moment($0)) }
            return kept.instances.isEmpty ? nil : kept
        }
    }
}

extension [ScopeTimeline.Period] {
    /// Whether one of the periods, which are in the order of time, contains the moment.
    fileprivate func cover(_ moment: Timestamp) -> Bool {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].from.map({ $0 <= moment }) ?? true {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low > startIndex && self[low - 1].contains(moment)
    }
}
