internal import ContextModel
internal import Storage

/// Aggregates one series by period from its rows and segments.
struct SeriesSum {
    private(set) var result: InstanceSum
    private let query: TemporalQuery
    private let vocabulary: Vocabulary
    /// The range of time of the query.
    private let times: Range<Int64>
    private var form: (number: Int64, attribute: Attribute)?

    init(
        _ query: TemporalQuery,
        _ aggregation: Aggregation,
        vocabulary: Vocabulary,
        now: Timestamp
    ) {
        result = InstanceSum(query, aggregation, now: now)
        self.query = query
        self.vocabulary = vocabulary
        let from = query.from?.microseconds ?? Int64.min
        times = from..<max(from, query.to?.microseconds ?? Int64.max)
    }

    /// Adds the instance of a row (`HistoryRow.columns`, then its time), unless it is hidden.
    mutating func addRow(_ row: Statement, hiding hidden: HiddenMoments) throws {
        if !hidden.isEmpty,
            hidden.contains(row.optionalInt(2) ?? row.int(SeriesStatements.timeColumn))
        {
            return
        }
        guard let form = row.optionalInt(1) else { return add(try Body.attribute(row.bytes(5))) }
        guard enter(form) else { return }
        let time = row.int(SeriesStatements.timeColumn)
        let moment =
            switch query.timeProperty {
            case .observedAt, .deletedAt: time
            case .modifiedAt: row.optionalInt(2) ?? time
            case .createdAt: row.optionalInt(3) ?? row.optionalInt(2) ?? time
            }
        if times.contains(moment) { result.periods.add(row.scalar(4), at: moment) }
    }

    /// Adds all instances of a segment that are not hidden, in their order.
    mutating func add(_ segment: HistorySegment, hiding hidden: HiddenMoments) throws {
        guard hidden.isEmpty else { return try addVisible(of: segment, hiding: hidden) }
        let moments = try moments(segment)
        let values = try segment.values()
        for run in try segment.forms() {
            if let form = run.form, !enter(form) { continue }
            switch values {
            case .numbers(let numbers):
                result.periods.add(numbers, at: moments, places: run.range, times: times)
            case .cells(let cells): try add(cells, moments, run)
            }
        }
    }

    private mutating func addVisible(
        of segment: HistorySegment,
        hiding hidden: HiddenMoments
    ) throws {
        for instance in try segment.instances()
        where !hidden.contains(instance.row.changedAt(instance.time)) {
            try add(instance.row.attribute(vocabulary, at: instance.time))
        }
    }

    private func moments(_ segment: HistorySegment) throws -> [Int64] {
        let times = try segment.times()
        switch query.timeProperty {
        case .observedAt, .deletedAt: return times
        case .modifiedAt: return try segment.modified(times)
        case .createdAt: return try segment.created(segment.modified(times))
        }
    }

    private mutating func add(
        _ cells: [HistorySegment.Cell],
        _ moments: [Int64],
        _ run: HistorySegment.FormRun
    ) throws {
        for index in run.range {
            if let body = cells[index].body {
                add(try Body.attribute(body))
            } else if times.contains(moments[index]) {
                result.periods.add(cells[index].value, at: moments[index])
            }
        }
    }

    /// Adds an instance that has a body of its own.
    mutating func add(_ attribute: Attribute) { result.add(attribute) }

    /// Returns the aggregated values; nil when there are none.
    mutating func finish(_ key: NamedSeries) -> AggregatedAttribute? {
        result.finish(name: key.name, datasetID: key.datasetID)
    }

    /// Makes the form the current one; false when the query covers no instance of it.
    private mutating func enter(_ number: Int64) -> Bool {
        if form?.number != number {
            form = vocabulary.forms[number].map { (number, $0) }
        }
        guard let shared = form?.attribute else { return false }
        switch query.timeProperty {
        case .observedAt where shared.observedAt == nil && query.isBounded: return false
        // A deleted instance has no form: it has a body of its own.
        case .deletedAt: return false
        case .observedAt, .modifiedAt, .createdAt: break
        }
        result.kind = shared.kind
        return true
    }
}
