internal import ContextModel
internal import Governance
internal import Storage

/// Answers one temporal query (clauses 5.7.3 and 5.7.4) inside one snapshot.
///
/// An entity without an instance in the range asked for is left out (5.7.4.4). What the query says
/// of values and places is decided over the instances in range; what the grant says, over the
/// current state where there is one, so that an old value opens nothing.
struct EvolutionSearch {
    let query: TemporalQuery
    let grant: ReadGrant
    let vocabulary: Vocabulary
    let now: Timestamp
    let series: SeriesReader
    private let scopes: ScopeSearch
    private let queryDecision: PreparedCondition
    private let grantDecision: PreparedCondition
    private let connection: Connection

    init(
        _ query: TemporalQuery,
        grant: ReadGrant,
        vocabulary: Vocabulary,
        now: Timestamp,
        sealing: SealingLimits,
        connection: Connection
    ) throws {
        self.query = query
        self.grant = grant
        self.vocabulary = vocabulary
        self.now = now
        self.connection = connection
        let makeSeries = { query in
            try SeriesReader(
                connection,
                query: query,
                vocabulary: vocabulary,
                now: now,
                sealing: sealing
            )
        }
        series = try makeSeries(query)
        let (scopes, rest) = query.condition.partedByScope
        self.scopes = ScopeSearch(
            scopes,
            query: query,
            vocabulary: vocabulary,
            makeSeries: makeSeries
        )
        queryDecision = PreparedCondition(rest)
        grantDecision = PreparedCondition(grant.condition)
    }

    func page() throws -> EvolutionPage {
        var page = EvolutionPage(evolutions: [], count: nil, hasMore: false)
        var found = Matches(query)
        var source = try candidates()
        while let candidate = try source.next() {
            let entity = grant.dated(try candidate.entity())
            let number = candidate.row.optionalInt(4) ?? candidate.key
            guard try admits(entity, isCurrent: candidate.shape > 0, number: number) else {
                continue
            }
            guard found.add(entity, number: number) else { break }
        }
        let (evolutions, limit) = try evolutions(of: found.ofPage)
        page.evolutions = evolutions
        page.count = query.wantsCount ? found.count : nil
        page.hasMore = found.count > query.offset + query.limit
        page.cut(to: query, limit: limit)
        return page
    }

    private typealias Found = ArraySlice<(entity: Entity, number: Int64)>

    /// With the limit of instances that each attribute was read with: as many as the query allows,
    /// or fewer of each when those would be too many together.
    private func evolutions(of found: Found) throws -> ([Evolution], limit: Int) {
        if let whole = try evolutions(of: found, limit: query.instanceLimit, inAll: query.pageLimit)
        {
            return (whole, query.instanceLimit)
        }
        let keys = try found.reduce(0) {
            $0 + (try series.keys(of: $1.number).filter(isVisible).count)
        }
        let limit = max(1, query.pageLimit / max(1, keys))
        return (try evolutions(of: found, limit: limit, inAll: .max) ?? [], limit)
    }

    /// nil when there is more than may be in all.
    private func evolutions(of found: Found, limit: Int, inAll: Int) throws -> [Evolution]? {
        var (evolutions, count) = ([Evolution](), 0)
        for (entity, number) in found {
            let evolution = try evolution(of: entity, number: number, limit: limit)
            count += evolution.attributes.reduce(0) { $0 + $1.instances.count }
            guard count <= inAll else { return nil }
            evolutions.append(evolution)
        }
        return evolutions
    }

    private func candidates() throws -> any CandidateSource {
        if let ids = query.condition.and(grant.condition).requiredIDs {
            let lookup = IndexLookup(connection: connection, vocabulary: vocabulary)
            return try KeyList(connection, keys: lookup.keys(of: ids))
        }
        let rest = query.condition.partedByScope.rest
        let shapes = vocabulary.shapes.filter { _, shape in
            rest.verdict(shape, vocabulary, namesAreKnown: false) != .none
        }.keys
        guard shapes.count * 2 <= Limits.mergedShapes else { return try KeyScan(connection) }
        return try ShapeMerge(connection, shapes: shapes.flatMap { [$0, -$0] })
    }

    private func admits(_ entity: Entity, isCurrent: Bool, number: Int64) throws -> Bool {
        // What types and ids can decide is decided before any history is read.
        guard query.condition.allows(entity) else { return false }
        let all = try series.keys(of: number)
        let keys = all.filter(isVisible)
        guard try keys.contains(where: { try series.hasInstance(number, $0) }) else { return false }
        if scopes.isAsked {
            let held = try scopes.held(by: entity, number: number, keys: all)
            guard
                try !attributes(number, keys, entity: entity, limit: Limits.instancesPerDecision)
                    .within(held, of: query).isEmpty
            else { return false }
        }
        var past = entity
        let names = Set(query.condition.attributeNames + grant.condition.attributeNames)
        if !names.isEmpty {
            past.attributes = try attributes(
                number,
                inOrder(all.filter { names.contains(vocabulary.iri($0.name)) }),
                entity: entity,
                limit: Limits.instancesPerDecision
            )
        }
        return queryDecision.matches(past) && grantDecision.matches(isCurrent ? entity : past)
    }

    private func isVisible(_ key: SeriesKey) -> Bool {
        let name = vocabulary.iri(key.name)
        return name != .scope && !grant.hiddenAttributes.contains(name)
            && query.attributes?.contains(name) ?? true
            && query.datasetIDs?.contains(key.datasetID(vocabulary) ?? "@none") ?? true
    }

    /// By name and `datasetId`: the order of their numbers would tell which hidden ones came before.
    private func inOrder(_ keys: [SeriesKey]) -> [SeriesKey] {
        guard keys.count > 1 else { return keys }
        return keys.map { ($0, vocabulary.names[$0.name] ?? "", $0.datasetID(vocabulary) ?? "") }
            .sorted { ($0.1, $0.2) < ($1.1, $1.2) }.map(\.0)
    }

    private func evolution(of entity: Entity, number: Int64, limit: Int) throws -> Evolution {
        var evolution = Evolution(
            id: entity.id,
            types: entity.types,
            createdAt: entity.createdAt,
            modifiedAt: entity.modifiedAt
        )
        guard limit > 0 else { return evolution }
        let all = try series.keys(of: number)
        let keys = inOrder(all.filter(isVisible))
        evolution.scopes = try scopes.shown(of: entity, number: number, keys: all)
        if let aggregation = query.aggregation {
            for key in keys {
                if let sums = try series.aggregate(number, key, aggregation)?.eligible {
                    evolution.aggregates.append(sums)
                } else if try series.hasInstance(number, key) {
                    evolution.notAggregated.insert(vocabulary.iri(key.name))
                }
            }
        } else {
            // One more than fits shows that something was cut off.
            evolution.attributes = try attributes(
                number,
                keys,
                entity: entity,
                limit: limit + 1
            )
            let shaped = grant.shape(
                Entity(id: entity.id, types: [], attributes: evolution.attributes)
            )
            evolution.attributes = shaped.attributes
            if scopes.isAsked {
                let held = try scopes.held(by: entity, number: number, keys: all)
                evolution.attributes = evolution.attributes.within(held, of: query)
            }
        }
        return evolution
    }

    /// The instances of the series, those of one name together and oldest first.
    private func attributes(
        _ number: Int64,
        _ keys: [SeriesKey],
        entity: Entity,
        limit: Int
    ) throws -> [NamedAttribute] {
        var attributes: [NamedAttribute] = []
        for key in keys {
            let name = vocabulary.iri(key.name)
            let instances = try series.instances(number, key, limit: limit).map {
                $0.named(entity: entity.id, name: name, key: key)
            }
            guard !instances.isEmpty else { continue }
            if attributes.last?.name == name {
                attributes[attributes.count - 1].instances += instances
            } else {
                attributes.append(NamedAttribute(name: name, instances: instances))
            }
        }
        return attributes.map { attribute in
            var attribute = attribute
            attribute.instances.sort { query.moment($0) < query.moment($1) }
            if let lastN = query.lastN { attribute.instances = attribute.instances.suffix(lastN) }
            return attribute
        }
    }
}

/// The entities that match, as many of them as the page may need.
private struct Matches {
    private let query: TemporalQuery
    private var kept: [(entity: Entity, number: Int64)] = []
    /// All that were added.
    private(set) var count = 0

    init(_ query: TemporalQuery) { self.query = query }

    /// Adds an entity; false when the page needs no more.
    mutating func add(_ entity: Entity, number: Int64) -> Bool {
        count += 1
        var bare = entity
        bare.attributes = []
        let end = query.offset + query.limit
        if let order = query.idOrder {
            kept.append((bare, number))
            // Sorted and cut now and then, so that a page costs a page of memory.
            if kept.count >= 2 * end + Limits.matchesBeforeSort {
                sort(order)
                kept.removeSubrange(end...)
            }
            return true
        }
        if count > query.offset, count <= end { kept.append((bare, number)) }
        return query.wantsCount || count <= end
    }

    var ofPage: ArraySlice<(entity: Entity, number: Int64)> {
        guard let order = query.idOrder else { return kept[...] }
        var sorted = self
        sorted.sort(order)
        return sorted.kept.dropFirst(query.offset).prefix(query.limit)
    }

    private mutating func sort(_ order: TemporalQuery.IDOrder) {
        kept.sort {
            order == .ascending
                ? $0.entity.id.uri < $1.entity.id.uri
                : $1.entity.id.uri < $0.entity.id.uri
        }
    }
}

extension EvolutionPage {
    /// Keeps to the limit of instances; all series then end at the same moment, so that the
    /// content range is true of each (clause 6.3.10).
    fileprivate mutating func cut(to query: TemporalQuery, limit: Int) {
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
                // One left without instances stays: it has some beyond the range.
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

extension TemporalQuery {
    /// The moment the query looks at; one that the instance lacks falls back on its modification.
    func moment(_ instance: Attribute) -> Timestamp {
        time(of: instance) ?? Timestamp(microseconds: instance.historyTime)
    }

    func time(of instance: Attribute) -> Timestamp? {
        switch timeProperty {
        case .observedAt: instance.observedAt
        case .createdAt: instance.createdAt
        case .modifiedAt: instance.modifiedAt
        case .deletedAt: instance.details?.deletedAt
        }
    }

    /// Whether the query restricts time at all; one that does not takes every instance.
    var isBounded: Bool { from != nil || to != nil }

    func covers(_ instance: Attribute) -> Bool {
        // The end of an attribute is no value of its own.
        if aggregation != nil, instance.details?.deletedAt != nil { return false }
        // Who looks at the moment of deletion looks for what was deleted, whenever it was.
        guard isBounded || timeProperty == .deletedAt else { return true }
        guard let time = time(of: instance) else { return false }
        return from.map { $0 <= time } ?? true && to.map { time < $0 } ?? true
    }
}

extension Condition {
    /// Whether what it says of ids and types leaves the entity in; values are not looked at.
    fileprivate func allows(_ entity: Entity) -> Bool {
        switch self {
        case .nothing: false
        case .ids(let ids): ids.contains(entity.id)
        case .type(let type): entity.types.contains(type)
        case .all(let parts): parts.allSatisfy { $0.allows(entity) }
        case .any(let parts): parts.contains { $0.allows(entity) }
        case .everything, .not, .idPattern, .scope, .attribute, .value, .geometry, .linked: true
        }
    }
}
