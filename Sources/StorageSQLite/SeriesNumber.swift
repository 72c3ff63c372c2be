internal import ContextModel

/// A series of an entity: the numbers of its attribute's name and of its `datasetId`.
struct SeriesNumber: Hashable, Comparable {
    var name: Int64
    /// Zero for the default instance.
    var dataset: Int64

    /// Sorts before every series.
    static let none = SeriesNumber(name: -1, dataset: -1)

    static func < (one: SeriesNumber, other: SeriesNumber) -> Bool {
        (one.name, one.dataset) < (other.name, other.dataset)
    }

    func datasetID(_ vocabulary: Vocabulary) -> String? {
        dataset == 0 ? nil : vocabulary.names[dataset]
    }
}

/// Finds the series of histories, each by one seek.
struct SeriesNumbers {
    // One statement for each table: a union would be sorted for every series.
    private let rows, segments: Statement

    init(_ connection: Connection) throws {
        func next(in table: String) throws -> Statement {
            try connection.prepare(
                """
                SELECT name, dataset FROM \(table)
                WHERE entity = ?1 AND (name, dataset) > (?2, ?3) ORDER BY name, dataset LIMIT 1
                """
            )
        }
        rows = try next(in: "history")
        segments = try next(in: "segment")
    }

    /// All series of the entity, in the order of their numbers, and whether each has segments.
    func all(of entity: Int64) throws -> [(number: SeriesNumber, hasSegments: Bool)] {
        var series: [(number: SeriesNumber, hasSegments: Bool)] = []
        var row = try number(after: .none, of: entity, rows)
        var segment = try number(after: .none, of: entity, segments)
        while let next = [row, segment].compactMap(\.self).min() {
            series.append((next, segment == next))
            if row == next { row = try number(after: next, of: entity, rows) }
            if segment == next { segment = try number(after: next, of: entity, segments) }
        }
        return series
    }

    /// The first series after `last`; nil when there is none.
    func next(after last: SeriesNumber, of entity: Int64) throws -> SeriesNumber? {
        try [rows, segments].compactMap { try number(after: last, of: entity, $0) }.min()
    }

    private func number(
        after last: SeriesNumber,
        of entity: Int64,
        _ statement: Statement
    ) throws -> SeriesNumber? {
        statement.bind(1, entity).bind(2, last.name).bind(3, last.dataset)
        defer { statement.reset() }
        guard try statement.step() else { return nil }
        return SeriesNumber(name: statement.int(0), dataset: statement.int(1))
    }
}
