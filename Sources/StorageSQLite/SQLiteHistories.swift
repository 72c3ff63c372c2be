internal import ContextModel
internal import Governance
internal import Storage

/// The histories of a tenant's file within one snapshot.
struct SQLiteHistories: HistorySource {
    let connection: Connection
    let vocabulary: Vocabulary
    let now: Timestamp
    let sealing: SealingLimits
    let budget: DecisionBudget?
    private let states: Statement

    init(
        _ reader: Reader,
        vocabulary: Vocabulary,
        now: Timestamp,
        sealing: SealingLimits
    ) throws {
        connection = reader.connection
        budget = reader.budget
        self.vocabulary = vocabulary
        self.now = now
        self.sealing = sealing
        states = try PastStatements.states(connection)
    }

    func candidates(_ query: TemporalQuery, grant: ReadGrant) throws -> EvolvingCandidates {
        EvolvingCandidates(
            source: try source(query, grant: grant),
            needsAttributes: !grant.hidden.isEmpty || grant.condition.looksAtAttributes
        )
    }

    private func source(_ query: TemporalQuery, grant: ReadGrant) throws -> any CandidateSource {
        if let ids = query.condition.and(grant.condition).requiredIDs {
            let lookup = IndexLookup(connection: connection, vocabulary: vocabulary)
            return try KeyList(connection, keys: lookup.keys(of: ids))
        }
        let rest = query.condition.partedByScope.rest
        var shapes: Set<Int64> = []
        rest.eachCandidateShape(vocabulary, namesAreKnown: false) { number, shape in
            if rest.verdict(shape, vocabulary, namesAreKnown: false) != .none {
                shapes.insert(number)
            }
        }
        // A reader with few rights may be allowed to see former states alone.
        let past = grant.condition == .everything ? [] : Array(shapes)
        let current = shapes.flatMap { [$0, -$0] }
        if current.count <= Limits.mergedShapes {
            return try ShapeMerge(connection, shapes: current, past: past)
        }
        guard shapes.count < vocabulary.shapes.count,
            let few = try KeyList(connection, shapes: current, past: past)
        else { return try KeyScan(connection) }
        return few
    }

    func past(of entity: EvolvingEntity) throws -> [EntityPast.State] {
        try PastStatements.read(states, of: entity.key)
    }

    func series(_ query: TemporalQuery) throws -> SeriesReader {
        try SeriesReader(
            connection,
            query: query,
            vocabulary: vocabulary,
            now: now,
            sealing: sealing
        )
    }
}

/// Candidates, as entities with a history.
struct EvolvingCandidates: EvolvingEntities {
    fileprivate var source: any CandidateSource
    /// Whether the grant looks at present values; the query looks at those of the history.
    fileprivate let needsAttributes: Bool

    mutating func next() throws -> EvolvingEntity? {
        guard let candidate = try source.next() else { return nil }
        return EvolvingEntity(
            key: candidate.key,
            history: candidate.history,
            entity: try needsAttributes
                ? candidate.entity() : candidate.entity(AttributeSelection([])),
            isCurrent: candidate.shape > 0
        )
    }
}
