internal import ContextModel
internal import Governance
internal import Storage

/// The newest instances of named entities, for a reader who sees all: nothing is to be decided about them, so that each
/// series is read once.
///
/// `EvolutionSearch` gives the same page, and answers all other questions.
struct NewestInstances {
    private let query: TemporalQuery
    private let ids: Set<EntityID>
    private let lastN: Int
    /// The steps that finding an entity and its series counts for.
    private static let stepsOfEntity = 20
    private static let noAttributes = AttributeSelection([])

    /// Returns nil for any other question, or a reader who may not see all.
    init?(_ query: TemporalQuery, _ grant: ReadGrant) {
        guard grant.condition == .everything, grant.hidden.isEmpty,
            case .ids(let ids) = query.condition, ids.count <= query.limit, query.offset == 0,
            let lastN = query.lastN, lastN <= query.instanceLimit, query.showsInstancesOnly
        else { return nil }
        guard query.timeProperty == .observedAt, query.aggregation == nil, !query.wantsCount,
            query.idOrder == nil, query.partFrom == nil, query.pageLimit == .max
        else { return nil }
        self.query = query
        self.ids = ids
        self.lastN = lastN
    }

    /// Throws `tookTooLong` when the time of the question is over.
    func page(_ reader: Reader, _ series: SeriesReader) throws -> EvolutionPage {
        let row = try reader.connection.prepare(
            "SELECT \(Candidate.columns) FROM entity WHERE id = ?1"
        )
        var found: [(key: Int64, evolution: Evolution)] = []
        var size = AnswerSize()
        // Neighbours in the index are on the same pages.
        for id in ids.sorted(by: { $0.uri < $1.uri }) {
            defer { row.reset() }
            try reader.budget.require(Self.stepsOfEntity)
            guard try row.bind(1, id.uri).step() else { continue }
            let candidate = Candidate(key: row.int(0), shape: row.int(1), row: row)
            let attributes = try attributes(of: candidate.history, series, reader.budget, &size)
            guard !attributes.isEmpty else { continue }
            let entity = try candidate.entity(Self.noAttributes)
            let evolution = Evolution(
                id: entity.id,
                types: entity.types,
                createdAt: entity.createdAt,
                modifiedAt: entity.modifiedAt,
                attributes: attributes
            )
            found.append((candidate.key, evolution))
        }
        found.sort { $0.key < $1.key }
        var page = EvolutionPage(evolutions: found.map(\.evolution), count: nil, hasMore: false)
        page.storedBytes = size.taken
        return page
    }

    private func attributes(
        of history: Int64,
        _ series: SeriesReader,
        _ budget: DecisionBudget?,
        _ size: inout AnswerSize
    ) throws -> [NamedAttribute] {
        var keys = try series.keys(of: history).filter { key in
            key.name != .scope && query.attributes?.contains(key.name) ?? true
                && query.datasetIDs?.contains(key.datasetID ?? "@none") ?? true
        }
        if keys.count > 1 {
            keys.sort { ($0.name.text, $0.datasetID ?? "") < ($1.name.text, $1.datasetID ?? "") }
        }
        var attributes: [NamedAttribute] = []
        for key in keys {
            let read = try series.instances(
                history,
                key,
                limit: lastN,
                hiding: HiddenMoments([]),
                wanted: nil
            )
            guard !read.isEmpty else { continue }
            try budget.require(read.count)
            for instance in read { try size.take(instance.bytes) }
            let instances = read.map(\.attribute)
            guard attributes.last?.name == key.name else {
                attributes.append(NamedAttribute(name: key.name, instances: instances))
                continue
            }
            let all = (attributes[attributes.count - 1].instances + instances)
                .sorted { query.moment($0) < query.moment($1) }
            attributes[attributes.count - 1].instances = all.suffix(lastN)
        }
        return attributes
    }
}
