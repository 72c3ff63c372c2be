internal import ContextModel
internal import Storage

/// One attribute's instances of one `datasetId`.
struct SeriesKey: Hashable {
    var name: Int64
    var dataset: Int64

    func datasetID(_ vocabulary: Vocabulary) -> String? {
        dataset == 0 ? nil : vocabulary.names[dataset]
    }

    /// Finds the key after (2, 3) of entity 1, in rows and in segments.
    static func next(_ connection: Connection) throws -> Statement {
        func first(_ table: String) -> String {
            """
            SELECT * FROM (SELECT name, dataset FROM \(table)
                WHERE entity = ?1 AND (name, dataset) > (?2, ?3) ORDER BY name, dataset LIMIT 1)
            """
        }
        return try connection.prepare(
            "\(first("history")) UNION ALL \(first("segment")) ORDER BY name, dataset LIMIT 1"
        )
    }
}

/// An instance with its place in the series.
struct SeriesInstance {
    var attribute: Attribute
    var time: Int64
    var sequence: Int64

    /// The instance with its `instanceId`, which is made here unless it came with one.
    func named(entity: EntityID, name: IRI, key: SeriesKey) -> Attribute {
        guard attribute.details?.instanceID == nil else { return attribute }
        var named = attribute
        named.details = named.details ?? AttributeDetails()
        named.details?.instanceID = InstanceName(
            dataset: key.dataset,
            time: time,
            sequence: sequence
        ).text(entity: entity, name: name, datasetID: attribute.datasetID)
        return named
    }
}

/// Reads series of the history, in the range of one temporal query.
final class SeriesReader {
    let query: TemporalQuery
    let vocabulary: Vocabulary
    /// Series with so many rows that they are to be sealed.
    private(set) var grown: Set<HistorySeries> = []
    /// Values of the aggregates made so far.
    private var aggregatedValues = 0
    private let now: Timestamp
    private let sealing: SealingLimits
    private let statements: SeriesStatements
    private let nextKey: Statement

    init(
        _ connection: Connection,
        query: TemporalQuery,
        vocabulary: Vocabulary,
        now: Timestamp,
        sealing: SealingLimits
    ) throws {
        self.query = query
        self.sealing = sealing
        self.vocabulary = vocabulary
        self.now = now
        statements = try SeriesStatements(connection)
        nextKey = try SeriesKey.next(connection)
    }

    /// The series of an entity, found by a seek each.
    func keys(of entity: Int64) throws -> [SeriesKey] {
        var keys: [SeriesKey] = []
        var last = SeriesKey(name: -1, dataset: -1)
        while true {
            nextKey.bind(1, entity).bind(2, last.name).bind(3, last.dataset)
            defer { nextKey.reset() }
            guard try nextKey.step() else { return keys }
            last = SeriesKey(name: nextKey.int(0), dataset: nextKey.int(1))
            keys.append(last)
        }
    }

    func hasInstance(
        _ entity: Int64,
        _ key: SeriesKey,
        hiding hidden: HiddenMoments = HiddenMoments([])
    ) throws -> Bool {
        try !instances(entity, key, limit: 1, hiding: hidden).isEmpty
    }

    /// Instances the query's time covers: the oldest, or with `lastN` the newest, oldest first.
    func instances(
        _ entity: Int64,
        _ key: SeriesKey,
        limit: Int,
        hiding hidden: HiddenMoments = HiddenMoments([])
    ) throws -> [SeriesInstance] {
        let limit = min(limit, query.lastN ?? limit)
        var found: [SeriesInstance] = []
        try walk(entity, key, newestFirst: query.lastN != nil) { step, rows in
            switch step {
            case .row:
                let time = rows.int(SeriesStatements.timeColumn)
                let row = HistoryRow(rows)
                if hidden.contains(row.changedAt(time)) { break }
                try add(row, time, sequence: rows.int(0), to: &found)
            case .segment(let place):
                let all = try statements.segment(place).instances()
                for instance in query.lastN == nil ? all[...] : all.reversed()[...]
                where found.count < limit && bounds.contains(instance.time)
                    && !hidden.contains(instance.row.changedAt(instance.time))
                {
                    try add(
                        instance.row,
                        instance.time,
                        sequence: instance.sequence,
                        to: &found
                    )
                }
            }
            return found.count < limit
        }
        return query.lastN == nil ? found : found.reversed()
    }

    private func add(
        _ row: HistoryRow,
        _ time: Int64,
        sequence: Int64,
        to found: inout [SeriesInstance]
    ) throws {
        let attribute = try row.attribute(vocabulary, at: time)
        guard query.covers(attribute) else { return }
        found.append(SeriesInstance(attribute: attribute, time: time, sequence: sequence))
    }

    /// Walks the series until the body wants no more.
    private func walk(
        _ entity: Int64,
        _ key: SeriesKey,
        newestFirst: Bool = false,
        _ body: (SeriesWalk.Step, _ rows: Statement) throws -> Bool
    ) throws {
        let series = HistorySeries(entity: entity, name: key.name, dataset: key.dataset)
        var walk = try SeriesWalk(
            series,
            from: bounds.lowerBound,
            to: bounds.upperBound,
            newestFirst: newestFirst,
            with: statements
        )
        defer { walk.end() }
        while let step = try walk.next(), try body(step, walk.rows) {}
        if walk.rowCount > sealing.rowsMet { grown.insert(series) }
    }

    /// The series are in the order of observation; another moment is looked for among all of them.
    private var bounds: Range<Int64> {
        guard query.timeProperty == .observedAt else { return Int64.min..<Int64.max }
        let from = query.from?.microseconds ?? Int64.min
        return from..<max(from, query.to?.microseconds ?? Int64.max)
    }

    // MARK: Aggregation

    private func requireRoom(for values: Int) throws {
        guard aggregatedValues + values <= query.pageLimit else {
            throw StorageError(.tooManyResults, note: "more than \(query.pageLimit) values")
        }
    }

    /// The series aggregated in one pass; nil when nothing of it is in range.
    ///
    /// Throws when all that were aggregated have more values than the page may have.
    func aggregate(
        _ entity: Int64,
        _ key: SeriesKey,
        _ aggregation: Aggregation,
        hiding hidden: HiddenMoments
    ) throws -> AggregatedAttribute? {
        var sum = SeriesSum(query, aggregation, vocabulary: vocabulary, now: now)
        try walk(entity, key) { step, rows in
            switch step {
            case .row: try sum.addRow(rows, hiding: hidden)
            case .segment(let place): try sum.add(try statements.segment(place), hiding: hidden)
            }
            try requireRoom(for: sum.periods.count * aggregation.methods.count)
            return true
        }
        aggregatedValues += sum.periods.count * aggregation.methods.count
        let values = sum.periods.finish()
        guard values.contains(where: { !$0.periods.isEmpty }) else { return nil }
        return AggregatedAttribute(
            name: vocabulary.iri(key.name),
            kind: sum.kind,
            datasetID: key.datasetID(vocabulary),
            values: values
        )
    }
}
