internal import ContextModel
internal import Storage

/// What a temporal query asks of scopes, decided by when they held (clauses 4.18 and 5.7.4.4).
final class ScopeSearch {
    /// Whether the query asks anything.
    let isAsked: Bool
    private let decision: PreparedCondition
    private let query: TemporalQuery
    private let vocabulary: Vocabulary
    private let makeSeries: (TemporalQuery) throws -> SeriesReader
    /// Made when the first entity with a history of its scope is met.
    private var series: SeriesReader?

    init(
        _ condition: Condition,
        query: TemporalQuery,
        vocabulary: Vocabulary,
        makeSeries: @escaping (TemporalQuery) throws -> SeriesReader
    ) {
        isAsked = condition != .everything
        decision = PreparedCondition(condition)
        self.query = query
        self.vocabulary = vocabulary
        self.makeSeries = makeSeries
    }

    /// The periods in the range asked for in which the entity's scopes are such as asked for.
    func held(
        by entity: Entity,
        number: Int64,
        keys: [SeriesKey]
    ) throws -> [ScopeTimeline.Period] {
        try periods(of: entity, number: number, keys: keys).filter { period in
            let scopes = period.instance.value.scopes
            return decision.matches(Entity(id: entity.id, types: [], scopes: scopes))
        }
    }

    /// The instances of the scope that the answer has: also the one that holds as the range begins.
    func shown(of entity: Entity, number: Int64, keys: [SeriesKey]) throws -> [Attribute] {
        let instances = try periods(of: entity, number: number, keys: keys).map(\.instance)
        guard query.timeProperty == .deletedAt else { return instances }
        return instances.filter { $0.details?.deletedAt != nil }
    }

    private func periods(
        of entity: Entity,
        number: Int64,
        keys: [SeriesKey]
    ) throws -> [ScopeTimeline.Period] {
        try timeline(of: entity, number: number, keys: keys)
            .periods(from: query.from, to: query.to)
    }

    private func timeline(
        of entity: Entity,
        number: Int64,
        keys: [SeriesKey]
    ) throws -> ScopeTimeline {
        guard let key = keys.first(where: { vocabulary.iri($0.name) == .scope }) else {
            return ScopeTimeline(
                always: entity.scopes,
                createdAt: entity.createdAt,
                modifiedAt: entity.modifiedAt
            )
        }
        let instances = try wholeSeries()
            .instances(number, key, limit: Limits.instancesPerDecision)
            .map { $0.named(entity: entity.id, name: .scope, key: key) }
        return ScopeTimeline(instances, moment: query.moment)
    }

    /// Reads all instances: one before the range may hold in it.
    private func wholeSeries() throws -> SeriesReader {
        if let series { return series }
        var whole = query
        (whole.from, whole.to, whole.lastN, whole.aggregation) = (nil, nil, nil, nil)
        if whole.timeProperty == .deletedAt { whole.timeProperty = .modifiedAt }
        let made = try makeSeries(whole)
        series = made
        return made
    }
}

extension [NamedAttribute] {
    /// The instances whose moment lies in one of the periods; attributes without any are left out.
    func within(_ periods: [ScopeTimeline.Period], of query: TemporalQuery) -> [NamedAttribute] {
        compactMap { attribute in
            var kept = attribute
            kept.instances.removeAll { instance in
                !periods.contains { $0.contains(query.moment(instance)) }
            }
            return kept.instances.isEmpty ? nil : kept
        }
    }
}
