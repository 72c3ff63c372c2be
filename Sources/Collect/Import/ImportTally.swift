/// What an import has done so far; at the end, its summary.
package struct ImportTally: Sendable, Equatable {
    /// Records read: rows, lines or entities of a file.
    package var records = 0
    /// Entities the hub took.
    package var entities = 0
    /// Readings the hub took into its history.
    package var readings = 0
    /// Records skipped because an earlier, interrupted run had loaded them.
    package var resumedRecords = 0
    /// Rows, entities and requests that failed.
    package var failures = 0
    /// The first of the failures, in the order they were found.
    package var problems: [RowProblem] = []
    /// References of entities that lead to none; the entities themselves were loaded.
    package var danglingReferences = 0
    /// The first of them.
    package var danglingExamples: [RowProblem] = []
    /// How far the reading is.
    package var extent = ImportExtent(bytesRead: 0, bytesInAll: nil)

    /// More problems than this are counted but not kept.
    static let maximumProblems = 1_000

    /// More dangling references than this are counted but not kept.
    static let maximumExamples = 10

    package init() {}

    mutating func add(dangling found: [RowProblem]) {
        danglingReferences += found.count
        danglingExamples += found.prefix(max(0, Self.maximumExamples - danglingExamples.count))
    }

    mutating func add(_ found: [RowProblem]) {
        failures += found.count
        problems += found.prefix(max(0, Self.maximumProblems - problems.count))
    }
}
