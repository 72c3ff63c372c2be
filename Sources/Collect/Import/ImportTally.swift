/// The counts of an import; at the end, its summary.
package struct ImportTally: Sendable, Equatable {
    /// The records read: rows, lines or entities of a file.
    package var records = 0
    /// The entities that the hub accepted.
    package var entities = 0
    /// The readings that the hub accepted into its history.
    package var readings = 0
    /// The records skipped because an earlier, interrupted run had loaded them.
    package var resumedRecords = 0
    /// The rows, entities and requests that failed.
    package var failures = 0
    /// The first failures, in the order in which they were found.
    package var problems: [RowProblem] = []
    /// The references without a target; their entities were loaded.
    package var danglingReferences = 0
    /// The first of these references.
    package var danglingExamples: [RowProblem] = []
    /// The progress of reading.
    package var extent = ImportExtent(bytesRead: 0, bytesInAll: nil)

    /// The most problems that are kept; others are only counted.
    static let maximumProblems = 1_000

    /// The most references without a target that are kept; others are only counted.
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
