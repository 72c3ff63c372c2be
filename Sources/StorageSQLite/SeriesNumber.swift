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
    private let statements: [Statement]

    init(_ connection: Connection) throws {
        // One statement for each table: a union would be sorted for every series.
        statements = try ["history", "segment"].map { table in
            try connection.prepare(
                """
                SELECT name, dataset FROM \(table)
                WHERE entity = ?1 AND (name, dataset) > (?2, ?3) ORDER BY name, dataset LIMIT 1
                """
            )
        }
    }

    /// All series of the entity, in the order of their numbers.
    func all(of entity: Int64) throws -> [SeriesNumber] {
        var numbers: [SeriesNumber] = []
        var nexts = try statements.map { try number(after: .none, of: entity, $0) }
        while let next = nexts.compactMap(\.self).min() {
            numbers.append(next)
            for place in nexts.indices where nexts[place] == next {
                nexts[place] = try number(after: next, of: entity, statements[place])
            }
        }
        return numbers
    }

    /// The first series after `last`; nil when there is none.
    func next(after last: SeriesNumber, of entity: Int64) throws -> SeriesNumber? {
        try statements.compactMap { try number(after: last, of: entity, $0) }.min()
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
