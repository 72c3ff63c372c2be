import Clauses
import ContextModel
import Governance
import Storage
import Testing

/// Temporal queries stay within their budget.
@Suite(.clause("5.7.4")) struct EvolutionSearchTests {
    /// An entity that changed its type this many times.
    private struct Changeling: HistorySource {
        let budget: DecisionBudget?
        let stateCount: Int
        let now = Timestamp(microseconds: 0)
        private let entity = Entity("1", .sensor, [:])

        init(stateCount: Int, steps: Int) {
            self.stateCount = stateCount
            budget = DecisionBudget(steps: steps)
        }

        func candidates(_ query: TemporalQuery, grant: ReadGrant) -> Candidates {
            Candidates(
                rest: [EvolvingEntity(key: 1, history: 1, entity: entity, isCurrent: true)]
            )
        }

        func past(of entity: EvolvingEntity) -> [EntityPast.State] {
            (0..<stateCount).map {
                EntityPast.State(entity: self.entity, changesFrom: Int64($0), endsAt: Int64($0) + 1)
            }
        }

        func series(_ query: TemporalQuery) -> NoSeries { NoSeries(query: query) }

        struct Candidates: EvolvingEntities {
            var rest: [EvolvingEntity]

            mutating func next() -> EvolvingEntity? { rest.popLast() }
        }
    }

    private struct NoSeries: SeriesReading {
        struct Key: SeriesKey {
            var name: IRI
            var datasetID: String?
        }
        let query: TemporalQuery

        func keys(of history: Int64) -> [Key] { [] }

        func instances(
            _ history: Int64,
            _ key: Key,
            limit: Int,
            hiding hidden: HiddenMoments,
            wanted: InstanceChoice?
        ) -> [SeriesInstance] { [] }

        func aggregate(
            _ history: Int64,
            _ key: Key,
            _ aggregation: Aggregation,
            hiding hidden: HiddenMoments,
            wanted: InstanceChoice?
        ) -> AggregatedAttribute? { nil }
    }

    private func page(stateCount: Int) throws -> EvolutionPage {
        try EvolutionSearch(
            TemporalQuery(condition: .type(.sensor), instanceLimit: 10, limit: 10),
            grant: Grants.read(.type(.sensor)),
            source: Changeling(stateCount: stateCount, steps: EntityPast.maximumStates / 2)
        ).page()
    }

    @Test func `each former state of an entity costs a reader who may not see all`() throws {
        #expect(try page(stateCount: 10).evolutions.isEmpty)
        #expect(throws: StorageError(.tookTooLong, note: "")) {
            try page(stateCount: EntityPast.maximumStates)
        }
    }
}
