internal import Storage

/// A series of one history, by numbers: the unit of reading, sealing and retention.
struct HistorySeries: Hashable, Sendable {
    /// The number of the entity in the history table.
    var entity: Int64
    var name: Int64
    /// The number of the `datasetId`; 0 for the default instance.
    var dataset: Int64
}

/// The place of a segment in its series; no other segment and no row is between its times.
struct SegmentPlace {
    var number: Int64
    var first: Int64
    var last: Int64
    /// The number of its instances.
    var count: Int

    /// The columns that `init` reads, in its order.
    static let columns = "number, first, last, count"

    init(_ row: Statement) {
        number = row.int(0)
        first = row.int(1)
        last = row.int(2)
        count = Int(row.int(3))
    }
}

/// The statements that walk a series.
struct SeriesStatements {
    /// The column of the time, after those of `HistoryRow`.
    static let timeColumn: Int32 = 6

    fileprivate let rows, newestRows, places, body: Statement
    private let connection: Connection

    init(_ connection: Connection) throws {
        self.connection = connection
        let series = "entity = ?1 AND name = ?2 AND dataset = ?3"
        let select = """
            SELECT \(HistoryRow.columns), time FROM history
            WHERE \(series) AND time >= ?4 AND time < ?5 ORDER BY time
            """
        rows = try connection.prepare("\(select), sequence")
        newestRows = try connection.prepare("\(select) DESC, sequence DESC")
        // Segments do not overlap: the first one to look at is the last that begins at or before
        // `from`.
        places = try connection.prepare(
            """
            SELECT \(SegmentPlace.columns) FROM segment
            WHERE \(series) AND first < ?5 AND last >= ?4 AND first >= coalesce(
                (SELECT max(first) FROM segment WHERE \(series) AND first <= ?4), ?4)
            ORDER BY first
            """
        )
        body = try connection.prepare("SELECT body FROM segment WHERE number = ?1")
    }

    func segment(_ place: SegmentPlace) throws -> HistorySegment {
        body.bind(1, place.number)
        defer { body.reset() }
        guard try body.step() else { throw ColumnReader.damage }
        return try HistorySegment(body.bytes(0))
    }

    /// The number of bytes of the stored segment.
    func byteCount(_ place: SegmentPlace) throws -> Int {
        let length = try connection.prepare("SELECT length(body) FROM segment WHERE number = ?1")
            .bind(1, place.number)
        return try length.step() ? Int(length.int(0)) : 0
    }

    func places(of series: HistorySeries, from: Int64, to: Int64) throws -> [SegmentPlace] {
        bind(places, series, from: from, to: to)
        defer { places.reset() }
        var found: [SegmentPlace] = []
        while try places.step() { found.append(SegmentPlace(places)) }
        return found
    }

    fileprivate func bind(
        _ statement: Statement,
        _ series: HistorySeries,
        from: Int64,
        to: Int64
    ) {
        statement.bind(1, series.entity).bind(2, series.name).bind(3, series.dataset)
            .bind(4, from).bind(5, to)
    }
}

/// Walks a series in the order of time, forward or backward: rows one by one, segments whole.
///
/// A segment that is partly in the range is returned whole: the caller checks the times.
struct SeriesWalk {
    enum Step {
        /// A row, which is read from `rows`.
        case row
        case segment(SegmentPlace)
    }

    let rows: Statement
    /// The number of rows met so far.
    private(set) var rowCount = 0
    private let newestFirst: Bool
    private var places: ArraySlice<SegmentPlace>
    private var hasRow = false
    private var isAtRow = false

    /// Creates a walk over the half-open range: at or after `from`, before `to`.
    ///
    /// The caller must call `end` when it is done.
    init(
        _ series: HistorySeries,
        from: Int64,
        to: Int64,
        newestFirst: Bool = false,
        hasSegments: Bool = true,
        with statements: SeriesStatements
    ) throws {
        let places = try hasSegments ? statements.places(of: series, from: from, to: to) : []
        self.places = newestFirst ? places.reversed()[...] : places[...]
        self.newestFirst = newestFirst
        rows = newestFirst ? statements.newestRows : statements.rows
        statements.bind(rows, series, from: from, to: to)
        hasRow = try rows.step()
    }

    mutating func next() throws -> Step? {
        if isAtRow { hasRow = try rows.step() }
        isAtRow = false
        guard let place = places.first else { return takeRow() }
        let time = rows.int(SeriesStatements.timeColumn)
        if hasRow, newestFirst ? time > place.last : time < place.first { return takeRow() }
        places.removeFirst()
        return .segment(place)
    }

    private mutating func takeRow() -> Step? {
        guard hasRow else { return nil }
        isAtRow = true
        rowCount += 1
        return .row
    }

    func end() { rows.reset() }
}
