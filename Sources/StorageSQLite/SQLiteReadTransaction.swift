import ContextModel
import Governance
import Storage

/// A read transaction of a connection.
final class SQLiteReadTransaction: ReadTransaction {
    private let reader: Reader
    private let vocabulary: Vocabulary
    private let grant: ReadGrant
    private let now: Timestamp
    private let sealing: SealingLimits
    private let search: (EntityQuery) throws -> PageSearch
    /// Series that were found to be long enough to be sealed.
    private(set) var grown: Set<HistorySeries> = []

    /// `reader` must be in its transaction already, and the vocabulary must not be older than
    /// that.
    init(
        reader: Reader,
        vocabulary: Vocabulary,
        grant: ReadGrant,
        now: Timestamp,
        sealing: SealingLimits,
        search: @escaping (EntityQuery) throws -> PageSearch
    ) {
        self.reader = reader
        self.vocabulary = vocabulary
        self.grant = grant
        self.now = now
        self.sealing = sealing
        self.search = search
    }

    func encodedEntity(_ id: EntityID) throws -> EncodedEntity? {
        try reader.entity(id, now: now, grant: grant) { [vocabulary, grant] in
            vocabulary.decide(grant, forShape: $0)
        }
    }

    func encodedEntities(_ query: EntityQuery) throws -> EntityPage<EncodedEntity> {
        try search(query).page()
    }

    func forEach(_ query: EntityQuery, _ body: (EncodedEntity) throws -> Bool) throws {
        var search = try search(query)
        // How many are left out must not tell of hidden readings.
        if query.needsReadings, grant.hidden.isEmpty { search.plan.leaveOutWithoutReadings() }
        try search.forEach { [grant] in try body(grant.shaped($0, $1)) }
    }

    func identifiers(_ query: EntityQuery) throws -> [EntityID] {
        try search(query).identifiers()
    }

    func shapes() throws -> [EntityShape] {
        let plan = try EntityPlan(
            grant.condition,
            vocabulary: vocabulary,
            now: now,
            budget: reader.budget
        )
        return try reader.shapes(plan: plan, grant: grant)
    }

    func typesOfHistories() throws -> Set<IRI> {
        // Their shapes have negative numbers. Each is found by one seek in the index.
        let next = try reader.connection.prepare(
            "SELECT shape FROM entity WHERE shape < ?1 ORDER BY shape DESC LIMIT 1"
        )
        var types: Set<IRI> = []
        var last: Int64 = 0
        while true {
            defer { next.reset() }
            guard try next.bind(1, last).step() else { return types }
            last = next.int(0)
            try reader.budget.require(1)
            for type in vocabulary.shapes[-last]?.types ?? [] { types.insert(vocabulary.iri(type)) }
        }
    }

    func places(
        _ condition: Condition,
        in box: GeoBox,
        moreThan count: Int
    ) throws -> [EntityPlace]? {
        let plan = try EntityPlan(
            grant.restricted(condition),
            vocabulary: vocabulary,
            now: now,
            budget: reader.budget
        )
        return try reader.places(in: box, moreThan: count, plan: plan, grant)
    }

    func charge(_ steps: Int) throws { try reader.budget.require(steps) }

    func evolutions(_ query: TemporalQuery) throws -> EvolutionPage {
        let histories = try SQLiteHistories(
            reader,
            vocabulary: vocabulary,
            now: now,
            sealing: sealing
        )
        if let newest = NewestInstances(query, grant) {
            let series = try histories.series(query)
            defer { grown.formUnion(series.grown) }
            return try newest.page(reader, series)
        }
        let search = try EvolutionSearch(query, grant: grant, source: histories)
        let page = try search.page()
        grown.formUnion(search.series.grown)
        return page
    }
}
