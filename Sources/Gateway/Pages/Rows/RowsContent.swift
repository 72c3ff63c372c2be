import Broker
import ContextModel
import Governance
import Storage

/// What the hub answers to the question of a type's page, read with the rights of its visitor.
struct RowsContent: Sendable {
    /// One entity.
    struct Row: Sendable {
        var entity: Entity
        /// The number of readings of each day, the newest day last; nil where it has no past.
        var days: [Int]?
    }

    /// One reading of the days asked for.
    struct Reading: Sendable {
        var at: Timestamp
        var id: EntityID
        var name: IRI
        var attribute: Attribute
    }

    /// The most columns of the table: of more, a download has them.
    static let columnLimit = 24
    /// The most readings shown.
    static let readingLimit = 100
    /// The days of which readings are counted.
    static let dayCount = 30

    var count = 0
    var columns: [IRI] = []
    var hasMoreColumns = false
    var rows: [Row] = []
    /// The readings, the newest first; nil when no days were asked for.
    var readings: [Reading]?
    /// The first of the counted days.
    var firstDay: Timestamp
}

extension Exchange {
    /// Reads what the page of a type shows.
    func rows(_ question: RowsQuestion) async throws -> RowsContent {
        let range = try question.range()
        let items = try QueryItems(urlQuery: question.selection)
        let parameters = EntityParameters(items: items, ld: .core, limits: hub.limits)
        let condition = try parameters.condition()
        let types = try parameters.typeCondition()
        let day = RowsQuestion.microsecondsPerDay
        let end = range.to ?? hub.clock()
        let lastDay = (end.microseconds - 1) / day
        let firstDay = Timestamp(microseconds: (lastDay - Int64(RowsContent.dayCount) + 1) * day)
        var content = RowsContent(firstDay: firstDay)
        let all = try await hub.reading.columns(ofTypes: types, caller: caller).information
            .sorted { LDContext.core.compact($0) < LDContext.core.compact($1) }
        content.columns = Array(all.prefix(RowsContent.columnLimit))
        content.hasMoreColumns = all.count > RowsContent.columnLimit
        let page = try await hub.reading.queryEntities(
            EntityQuery(
                condition: condition,
                offset: question.offset,
                limit: RowsQuestion.rowLimit,
                wantsCount: true
            ),
            caller: caller
        ).page
        content.count = page.count ?? 0
        let entities = try page.decoded().entities
        let counts = try await readingsByDay(of: entities.map(\.id), from: firstDay)
        content.rows = entities.map { .init(entity: $0, days: counts[$0.id]) }
        // What has no present state is shown by its past.
        if range.from != nil || range.to != nil || content.count == 0 {
            content.readings = try await readings(condition, range.from, range.to)
        }
        return content
    }

    /// The number of readings of each of the days, by entity; of all attributes together.
    private func readingsByDay(
        of ids: [EntityID],
        from firstDay: Timestamp
    ) async throws -> [EntityID: [Int]] {
        guard !ids.isEmpty else { return [:] }
        let day = RowsQuestion.microsecondsPerDay
        var query = TemporalQuery(
            condition: .ids(Set(ids)),
            from: firstDay,
            to: Timestamp(microseconds: firstDay.microseconds + day * Int64(RowsContent.dayCount)),
            instanceLimit: hub.limits.maximumInstances,
            offset: 0,
            limit: ids.count,
            wantsCount: false
        )
        query.aggregation = Aggregation(methods: [.totalCount], period: .fixed(microseconds: day))
        let evolutions = try await hub.reading.queryEvolutions(query, caller: caller).page
            .evolutions
        var counts: [EntityID: [Int]] = [:]
        for evolution in evolutions {
            var days = [Int](repeating: 0, count: RowsContent.dayCount)
            for period in evolution.aggregates.flatMap(\.values).flatMap(\.periods) {
                let index = Int((period.from.microseconds - firstDay.microseconds) / day)
                if days.indices.contains(index) {
                    days[index] += period.value.numberValue?.intValue ?? 0
                }
            }
            counts[evolution.id] = days
        }
        return counts
    }

    private func readings(
        _ condition: Condition,
        _ from: Timestamp?,
        _ to: Timestamp?
    ) async throws -> [RowsContent.Reading] {
        var query = TemporalQuery(
            condition: condition,
            from: from,
            to: to,
            lastN: RowsContent.readingLimit,
            instanceLimit: RowsContent.readingLimit,
            offset: 0,
            limit: RowsQuestion.rowLimit,
            wantsCount: false
        )
        query.pageLimit = hub.limits.maximumAnswerInstances
        let evolutions = try await hub.reading.queryEvolutions(query, caller: caller).page
            .evolutions
        let all = evolutions.flatMap { evolution in
            evolution.attributes.flatMap { attribute in
                attribute.instances.compactMap { instance in
                    instance.observedAt.map {
                        RowsContent.Reading(
                            at: $0,
                            id: evolution.id,
                            name: attribute.name,
                            attribute: instance
                        )
                    }
                }
            }
        }
        return Array(all.sorted { $1.at < $0.at }.prefix(RowsContent.readingLimit))
    }
}
