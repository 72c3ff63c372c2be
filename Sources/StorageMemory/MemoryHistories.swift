internal import ContextModel
internal import Governance
internal import Storage

/// The histories of a tenant at one moment.
struct MemoryHistories: HistorySource {
    /// This store does not limit the cost of a question.
    let budget: DecisionBudget? = nil
    private let entities: [StoredEntity]
    let now: Timestamp

    /// `query` and `grant` are those of the search.
    init(_ state: TenantState, for query: TemporalQuery, grant: ReadGrant, now: Timestamp) {
        self.now = now
        let ids = query.condition.and(grant.condition).requiredIDs
        entities = ids.map { $0.compactMap { state.entities[$0] } } ?? state.entities.elements
    }

    func candidates(_ query: TemporalQuery, grant: ReadGrant) -> Candidates {
        Candidates(entities: entities)
    }

    func past(of entity: EvolvingEntity) -> [EntityPast.State] { entities[Int(entity.key)].past }

    func series(_ query: TemporalQuery) -> MemorySeriesReader {
        MemorySeriesReader(query, entities: entities, now: now)
    }

    /// The entities in the order of creation.
    struct Candidates: EvolvingEntities {
        fileprivate let entities: [StoredEntity]
        private var place = 0

        fileprivate init(entities: [StoredEntity]) { self.entities = entities }

        mutating func next() -> EvolvingEntity? {
            guard place < entities.count else { return nil }
            defer { place += 1 }
            return EvolvingEntity(
                key: Int64(place),
                history: Int64(place),
                entity: entities[place].entity,
                isCurrent: entities[place].isCurrent
            )
        }
    }
}

/// Reads series of histories, in the range of one temporal query.
final class MemorySeriesReader: SeriesReading {
    let query: TemporalQuery
    private let entities: [StoredEntity]
    private let now: Timestamp
    private var size: AggregateSize

    init(_ query: TemporalQuery, entities: [StoredEntity], now: Timestamp) {
        self.query = query
        self.entities = entities
        self.now = now
        size = AggregateSize(query)
    }

    func keys(of history: Int64) -> [StoredEntity.Series] {
        Array(entities[Int(history)].history.keys)
    }

    func instances(
        _ history: Int64,
        _ key: StoredEntity.Series,
        limit: Int,
        hiding hidden: HiddenMoments,
        wanted: InstanceChoice?
    ) -> [SeriesInstance] {
        let limit = min(limit, query.lastN ?? limit)
        let begin = query.partFrom?.microseconds ?? Int64.min
        let all = (entities[Int(history)].history[key] ?? []).drop { $0.time < begin }
        func shown(_ instance: SeriesInstance) -> SeriesInstance? {
            guard !hidden.contains(instance.changedAt), query.covers(instance.attribute) else {
                return nil
            }
            return instance.shown(by: wanted)
        }
        guard query.lastN != nil else { return Array(all.lazy.compactMap(shown).prefix(limit)) }
        return Array(all.reversed().lazy.compactMap(shown).prefix(limit)).reversed()
    }

    func aggregate(
        _ history: Int64,
        _ key: StoredEntity.Series,
        _ aggregation: Aggregation,
        hiding hidden: HiddenMoments,
        wanted: InstanceChoice?
    ) throws -> AggregatedAttribute? {
        var sum = InstanceSum(query, aggregation, now: now)
        for instance in instances(history, key, limit: .max, hiding: hidden, wanted: wanted) {
            sum.add(instance.attribute)
            try size.require(sum.periods.count, bytes: sum.periods.bytes)
        }
        let periods = sum.periods.count
        let aggregated = sum.finish(name: key.name, datasetID: key.datasetID)
        try size.take(periods, aggregated)
        return aggregated
    }
}
