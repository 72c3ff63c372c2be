internal import ContextModel
internal import Storage

/// One attribute's instances of one `datasetId`.
struct SeriesKey: Hashable {
    var name: Int64
    var dataset: Int64

    func datasetID(_ vocabulary: Vocabulary) -> String? {
        dataset == 0 ? nil : vocabulary.names[dataset]
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
        ).text(entity: entity, name: name)
        return named
    }
}

/// Reads series of the history table, in the range of one temporal query.
struct SeriesReader {
    let query: TemporalQuery
    let vocabulary: Vocabulary
    let now: Timestamp
    private let nextKey, forward, backward: Statement

    init(
        _ connection: Connection,
        query: TemporalQuery,
        vocabulary: Vocabulary,
        now: Timestamp
    ) throws {
        self.query = query
        self.vocabulary = vocabulary
        self.now = now
        nextKey = try connection.prepare(
            """
            SELECT name, dataset FROM history WHERE entity = ?1 AND (name, dataset) > (?2, ?3)
            ORDER BY name, dataset LIMIT 1
            """
        )
        let rows = """
            SELECT \(HistoryRow.columns), time FROM history
            WHERE entity = ?1 AND name = ?2 AND dataset = ?3 AND time >= ?4 AND time < ?5
            ORDER BY time
            """
        forward = try connection.prepare("\(rows), sequence")
        backward = try connection.prepare("\(rows) DESC, sequence DESC")
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

    func hasInstance(_ entity: Int64, _ key: SeriesKey) throws -> Bool {
        try !instances(entity, key, limit: 1).isEmpty
    }

    /// Instances the query's time covers: the oldest, or with `lastN` the newest, oldest first.
    func instances(_ entity: Int64, _ key: SeriesKey, limit: Int) throws -> [SeriesInstance] {
        let limit = min(limit, query.lastN ?? limit)
        let rows = bind(query.lastN == nil ? forward : backward, entity, key)
        defer { rows.reset() }
        var found: [SeriesInstance] = []
        while try found.count < limit && rows.step() {
            let time = rows.int(6)
            let place = HistoryPlace(
                entity: entity,
                name: key.name,
                dataset: key.dataset,
                time: time
            )
            let attribute = try HistoryRow(rows).attribute(vocabulary, place)
            guard query.covers(attribute) else { continue }
            found.append(
                SeriesInstance(attribute: attribute, time: time, sequence: rows.int(0))
            )
        }
        return query.lastN == nil ? found : found.reversed()
    }

    /// The rows are in the order of observation; another moment is looked for among all of them.
    private func bind(_ rows: Statement, _ entity: Int64, _ key: SeriesKey) -> Statement {
        let isClustered = query.timeProperty == .observedAt
        let from = isClustered ? query.from?.microseconds : nil
        let to = isClustered ? query.to?.microseconds : nil
        return rows.bind(1, entity).bind(2, key.name).bind(3, key.dataset)
            .bind(4, from ?? Int64.min).bind(5, to ?? Int64.max)
    }

    // MARK: Aggregation

    /// The series aggregated in one pass over its rows; nil when none is in range.
    func aggregate(
        _ entity: Int64,
        _ key: SeriesKey,
        _ aggregation: Aggregation
    ) throws -> AggregatedAttribute? {
        var walk = PeriodWalk(query, aggregation, now: now)
        var kind = Attribute.Kind.property
        let rows = bind(forward, entity, key)
        defer { rows.reset() }
        var form: (number: Int64, attribute: Attribute)?
        while try rows.step() {
            guard let number = rows.optionalInt(1) else {
                let attribute = try Body.attribute(rows.bytes(5))
                guard query.covers(attribute) else { continue }
                kind = attribute.kind
                walk.add(attribute.value, at: query.moment(attribute).microseconds)
                continue
            }
            if form?.number != number {
                form = vocabulary.forms[number].map { (number, $0) }
            }
            guard let shared = form?.attribute, let moment = moment(rows, shared) else { continue }
            kind = shared.kind
            walk.add(rows.scalar(4), at: moment)
        }
        let values = walk.finish()
        guard values.contains(where: { !$0.periods.isEmpty }) else { return nil }
        return AggregatedAttribute(
            name: vocabulary.iri(key.name),
            kind: kind,
            datasetID: key.datasetID(vocabulary),
            values: values
        )
    }

    /// The moment of a row that has a form, if the query's time covers it.
    private func moment(_ row: Statement, _ form: Attribute) -> Int64? {
        let time = row.int(6)
        let modified = row.optionalInt(2) ?? time
        let moment: Int64? =
            switch query.timeProperty {
            case .observedAt: form.observedAt == nil && query.isBounded ? nil : time
            case .modifiedAt: modified
            case .createdAt: row.optionalInt(3) ?? modified
            case .deletedAt: nil  // A deleted instance has no form: it is kept as a whole.
            }
        guard let moment, moment >= query.from?.microseconds ?? Int64.min,
            moment < query.to?.microseconds ?? Int64.max
        else { return nil }
        return moment
    }
}
