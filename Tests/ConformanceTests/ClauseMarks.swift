import Foundation

/// The test suites and the clauses they are marked with, read from their sources.
struct ClauseMarks {
    /// Suites by what they are marked with, in alphabetical order.
    private(set) var suites: [String: Set<String>] = [:]

    /// Reads every suite in the folder.
    init(folder: URL) throws {
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        while let file = files?.nextObject() as? URL {
            let name = file.deletingPathExtension().lastPathComponent
            guard file.pathExtension == "swift", name.hasSuffix("Tests"),
                // This suite is about marks and has none.
                name != "ConformanceStatementTests"
            else { continue }
            add(try String(contentsOf: file, encoding: .utf8), of: name)
        }
    }

    init(source: String, of suite: String) { add(source, of: suite) }

    private mutating func add(_ source: String, of suite: String) {
        for call in source.components(separatedBy: ".clause(").dropFirst() {
            let literals = call.prefix { $0 != ")" }.components(separatedBy: "\"")
            for index in stride(from: 1, to: literals.count, by: 2) {
                suites[literals[index], default: []].insert(suite)
            }
        }
    }

    /// Suites marked with any of the names.
    func suites(of names: [String]) -> [String] {
        names.reduce(into: Set<String>()) { $0.formUnion(suites[$1] ?? []) }.sorted()
    }
}
