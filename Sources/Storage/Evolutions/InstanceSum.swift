package import ContextModel

/// Aggregates the instances of one series by period.
package struct InstanceSum {
    /// The kind of the last instance.
    package var kind = Attribute.Kind.property
    package var periods: PeriodWalk
    private let query: TemporalQuery

    package init(_ query: TemporalQuery, _ aggregation: Aggregation, now: Timestamp) {
        periods = PeriodWalk(query, aggregation, now: now)
        self.query = query
    }

    /// Adds the instance if the query covers it.
    package mutating func add(_ instance: Attribute) {
        guard query.covers(instance) else { return }
        kind = instance.kind
        periods.add(instance.value, at: query.moment(instance).microseconds)
    }

    /// Returns the aggregates; nil when there are none.
    package mutating func finish(name: IRI, datasetID: String?) -> AggregatedAttribute? {
        let values = periods.finish()
        guard values.contains(where: { !$0.periods.isEmpty }) else { return nil }
        return AggregatedAttribute(name: name, kind: kind, datasetID: datasetID, values: values)
    }
}

/// How many values, and how many bytes of them, the aggregates of a page may still have.
package struct AggregateSize {
    private let limit: Int
    private let methods: Int
    private var taken = 0
    private var bytes = AnswerSize()

    package init(_ query: TemporalQuery) {
        limit = query.pageLimit
        methods = query.aggregation?.methods.count ?? 0
    }

    /// Throws when `periods` more periods, or `more` bytes, exceed the limit.
    package func require(_ periods: Int, bytes more: Int) throws(StorageError) {
        guard taken + periods * methods <= limit else {
            throw StorageError(.tooManyResults, note: "more than \(limit) values")
        }
        try bytes.require(more)
    }

    /// Counts the periods of a finished sum and the bytes that remain of it.
    ///
    /// The sets that told its values apart have been released.
    package mutating func take(
        _ periods: Int,
        _ sums: AggregatedAttribute?
    ) throws(StorageError) {
        taken += periods * methods
        try bytes.take(sums?.textBytes ?? 0)
    }
}

extension AggregatedAttribute {
    /// The bytes of the values that are texts; other values are short.
    var textBytes: Int {
        values.lazy.filter { $0.method == .min || $0.method == .max }
            .flatMap(\.periods).reduce(0) { $0 + ($1.value.stringValue?.utf8.count ?? 0) }
    }
}
