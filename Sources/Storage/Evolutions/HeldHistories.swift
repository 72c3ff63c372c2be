package import ContextModel
package import Governance

/// Histories in memory that no store has, such as those put together from several sources.
///
/// Each is an entity whose attributes have all instances that are known of them.
package struct HeldHistories: HistorySource {
    package let budget: DecisionBudget?
    package let now: Timestamp
    private let histories: [History]

    /// In the order in which they are shown.
    package init(_ entities: [Entity], at now: Timestamp, within budget: DecisionBudget?) {
        histories = entities.map(History.init)
        self.now = now
        self.budget = budget
    }

    package func candidates(_ query: TemporalQuery, grant: ReadGrant) -> Candidates {
        Candidates(entities: histories.map(\.entity))
    }

    package func past(of entity: EvolvingEntity) -> [EntityPast.State] { [] }

    package func series(_ query: TemporalQuery) -> Series {
        Series(query, histories, at: now)
    }

    package struct Candidates: EvolvingEntities {
        fileprivate let entities: [Entity]
        private var place = 0

        fileprivate init(entities: [Entity]) { self.entities = entities }

        package mutating func next() -> EvolvingEntity? {
            guard place < entities.count else { return nil }
            defer { place += 1 }
            return EvolvingEntity(
                key: Int64(place),
                history: Int64(place),
                entity: entities[place],
                isCurrent: true
            )
        }
    }

    package struct Key: SeriesKey, Hashable {
        package let name: IRI
        package let datasetID: String?
    }

    /// One history, with its instances by series, oldest first.
    fileprivate struct History: Sendable {
        let entity: Entity
        var series: [Key: [SeriesInstance]] = [:]

        init(_ whole: Entity) {
            for named in whole.attributes {
                for instance in named.instances {
                    series[Key(name: named.name, datasetID: instance.datasetID), default: []]
                        .append(
                            SeriesInstance(
                                attribute: instance,
                                time: instance.historyTime,
                                sequence: 0
                            )
                        )
                }
            }
            for key in series.keys {
                series[key]?.sort { $0.time < $1.time }
                for (place, index) in (series[key] ?? []).indices.enumerated() {
                    series[key]?[index].sequence = Int64(place)
                }
            }
            var bare = whole
            bare.attributes = []
            entity = bare
        }
    }

    /// Reads the series in the range of one query.
    package final class Series: SeriesReading {
        package let query: TemporalQuery
        private let histories: [History]
        private let now: Timestamp
        private var size: AggregateSize

        fileprivate init(_ query: TemporalQuery, _ histories: [History], at now: Timestamp) {
            self.query = query
            self.histories = histories
            self.now = now
            size = AggregateSize(query)
        }

        package func keys(of history: Int64) -> [Key] {
            Array(histories[Int(history)].series.keys)
        }

        package func instances(
            _ history: Int64,
            _ key: Key,
            limit: Int,
            hiding hidden: HiddenMoments,
            wanted: InstanceChoice?
        ) -> [SeriesInstance] {
            let limit = min(limit, query.lastN ?? limit)
            let all = histories[Int(history)].series[key] ?? []
            func shown(_ instance: SeriesInstance) -> SeriesInstance? {
                query.covers(instance.attribute) ? instance.shown(by: wanted) : nil
            }
            guard query.lastN != nil else {
                return Array(all.lazy.compactMap(shown).prefix(limit))
            }
            return Array(all.reversed().lazy.compactMap(shown).prefix(limit)).reversed()
        }

        package func aggregate(
            _ history: Int64,
            _ key: Key,
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
}
