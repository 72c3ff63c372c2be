internal import ContextModel
internal import Storage

/// A series with the numbers and the texts of its attribute's name and `datasetId`.
struct NamedSeries: SeriesKey {
    let number: SeriesNumber
    let name: IRI
    let datasetID: String?
    /// Whether a part of it is sealed.
    let hasSegments: Bool

    init(_ number: SeriesNumber, hasSegments: Bool, _ vocabulary: Vocabulary) {
        self.number = number
        self.hasSegments = hasSegments
        name = vocabulary.iri(number.name)
        datasetID = number.datasetID(vocabulary)
    }
}

/// Reads series of the history, in the range of one temporal query.
final class SeriesReader: SeriesReading {
    let query: TemporalQuery
    let vocabulary: Vocabulary
    /// Series with so many rows that they are to be sealed.
    private(set) var grown: Set<HistorySeries> = []
    private var size: AggregateSize
    private let now: Timestamp
    private let sealing: SealingLimits
    private let statements: SeriesStatements
    private let numbers: SeriesNumbers

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
        numbers = try SeriesNumbers(connection)
        size = AggregateSize(query)
    }

    /// The series of an entity.
    func keys(of entity: Int64) throws -> [NamedSeries] {
        try numbers.all(of: entity).map {
            NamedSeries($0.number, hasSegments: $0.hasSegments, vocabulary)
        }
    }

    /// The instances in the query's range that are `wanted`: the oldest, or with `lastN` the
    /// newest, oldest first.
    func instances(
        _ entity: Int64,
        _ key: NamedSeries,
        limit: Int,
        hiding hidden: HiddenMoments,
        wanted: InstanceChoice?
    ) throws -> [SeriesInstance] {
        let limit = min(limit, query.lastN ?? limit)
        var found: [SeriesInstance] = []
        let newestFirst = query.lastN != nil
        var size = AnswerSize()
        try visit(entity, key, newestFirst: newestFirst, hiding: hidden) { instance in
            if let shown = instance.shown(by: wanted) {
                try size.take(shown.bytes)
                found.append(shown)
            }
            return found.count < limit
        }
        return newestFirst ? found.reversed() : found
    }

    /// Calls the body with the instances in the query's range, until it returns false.
    private func visit(
        _ entity: Int64,
        _ key: NamedSeries,
        newestFirst: Bool,
        hiding hidden: HiddenMoments,
        _ body: (SeriesInstance) throws -> Bool
    ) throws {
        try walk(entity, key, newestFirst: newestFirst) { step, rows in
            switch step {
            case .row:
                let (row, time) = (HistoryRow(rows), rows.int(SeriesStatements.timeColumn))
                if hidden.contains(row.changedAt(time)) { return true }
                return try instance(row, time, sequence: rows.int(0)).map(body) ?? true
            case .segment(let place):
                let segment = try SegmentInstances(statements.segment(place), vocabulary)
                return try segment.forEach(in: bounds, newestFirst: newestFirst, hiding: hidden) {
                    try query.covers($0.attribute) ? body($0) : true
                }
            }
        }
    }

    /// The instance of the row; nil when the query does not cover it.
    private func instance(
        _ row: HistoryRow,
        _ time: Int64,
        sequence: Int64
    ) throws -> SeriesInstance? {
        let attribute = try row.attribute(vocabulary, at: time)
        guard query.covers(attribute) else { return nil }
        return SeriesInstance(
            attribute: attribute,
            time: time,
            sequence: sequence,
            bytes: row.bytes
        )
    }

    /// Walks the series until the body returns false.
    private func walk(
        _ entity: Int64,
        _ key: NamedSeries,
        newestFirst: Bool = false,
        _ body: (SeriesWalk.Step, _ rows: Statement) throws -> Bool
    ) throws {
        let series = HistorySeries(
            entity: entity,
            name: key.number.name,
            dataset: key.number.dataset
        )
        var walk = try SeriesWalk(
            series,
            from: bounds.lowerBound,
            to: bounds.upperBound,
            newestFirst: newestFirst,
            hasSegments: key.hasSegments,
            with: statements
        )
        defer { walk.end() }
        while let step = try walk.next(), try body(step, walk.rows) {}
        if walk.rowCount > sealing.rowsMet { grown.insert(series) }
    }

    /// The range of rows to read.
    ///
    /// Series are in the order of observation, so a query by another time reads all of them.
    private var bounds: Range<Int64> {
        let part = query.partFrom?.microseconds ?? Int64.min
        guard query.timeProperty == .observedAt else { return part..<Int64.max }
        let from = max(query.from?.microseconds ?? Int64.min, part)
        return from..<max(from, query.to?.microseconds ?? Int64.max)
    }

    // MARK: Aggregation

    /// The aggregated values of the series, or with `lastN` of its newest instances; nil when
    /// nothing is in range.
    ///
    /// Throws when all that this reader has aggregated has more values than the page may have.
    func aggregate(
        _ entity: Int64,
        _ key: NamedSeries,
        _ aggregation: Aggregation,
        hiding hidden: HiddenMoments,
        wanted: InstanceChoice?
    ) throws -> AggregatedAttribute? {
        var sum = SeriesSum(query, aggregation, vocabulary: vocabulary, now: now)
        func add(_ instance: SeriesInstance) throws {
            sum.add(instance.attribute)
            try size.require(sum.result.periods.count, bytes: sum.result.periods.bytes)
        }
        if query.lastN != nil {
            // They are collected until the oldest of them is found.
            let newest = try instances(
                entity,
                key,
                limit: query.pageLimit,
                hiding: hidden,
                wanted: wanted
            )
            guard newest.count < query.pageLimit || query.lastN ?? 0 <= query.pageLimit else {
                throw StorageError(
                    .tooManyResults,
                    note: "more than \(query.pageLimit) instances by lastN"
                )
            }
            for instance in newest { try add(instance) }
        } else if let wanted {
            try visit(entity, key, newestFirst: false, hiding: hidden) { instance in
                if let shown = instance.shown(by: wanted) { try add(shown) }
                return true
            }
        } else {
            try walk(entity, key) { step, rows in
                switch step {
                case .row: try sum.addRow(rows, hiding: hidden)
                case .segment(let place): try sum.add(try statements.segment(place), hiding: hidden)
                }
                try size.require(sum.result.periods.count, bytes: sum.result.periods.bytes)
                return true
            }
        }
        let periods = sum.result.periods.count
        let aggregated = sum.finish(key)
        try size.take(periods, aggregated)
        return aggregated
    }
}
