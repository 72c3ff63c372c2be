import Collect
import Foundation
import Glibc

/// One line on a terminal with the progress of an import.
struct ProgressLine {
    private static let barWidth = 24
    private static let redrawSeconds = 0.1

    private let name: String
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var lastDrawn: ContinuousClock.Instant?

    init(file: String) {
        name = URL(filePath: file).lastPathComponent
        start = clock.now
    }

    var seconds: Double { (clock.now - start) / .seconds(1) }

    mutating func show(_ tally: ImportTally) {
        guard isTerminal else { return }
        let now = clock.now
        if let lastDrawn, (now - lastDrawn) / .seconds(1) < Self.redrawSeconds { return }
        lastDrawn = now
        write("\r\u{1B}[K" + Self.line(name, tally, seconds: seconds))
    }

    func clear() {
        if isTerminal { write("\r\u{1B}[K") }
    }

    /// The line: `stops.txt [######------] 52 %  18,400/s  0:12 left`.
    static func line(_ name: String, _ tally: ImportTally, seconds: Double) -> String {
        let rate = Double(tally.entities + tally.readings) / max(seconds, 0.001)
        var text = name
        if let all = tally.extent.bytesInAll, all > 0 {
            let share = min(1, Double(tally.extent.bytesRead) / Double(all))
            let filled = Int(share * Double(barWidth))
            let bar =
                String(repeating: "#", count: filled)
                + String(repeating: "-", count: barWidth - filled)
            text += " [\(bar)] \(Int(share * 100)) %"
            if share > 0.01 {
                let left = Int(seconds / share * (1 - share))
                text += "  \(left / 60):\(left % 60 < 10 ? "0" : "")\(left % 60) left"
            }
        }
        return text + "  \(Int(rate))/s"
    }

    private func write(_ text: String) {
        StandardError.write(text)
    }
}

/// The summary of an import.
struct ImportReport: Encodable {
    /// The most problems that are listed on a terminal.
    private static let maximumListed = 50

    let file: String
    let records: Int
    let entities: Int
    let readings: Int
    let resumedRecords: Int
    let failures: Int
    let danglingReferences: Int
    let seconds: Double
    let problems: [Problem]
    let danglingExamples: [Problem]

    struct Problem: Encodable {
        var file: String
        var line: Int
        var column: Int?
        var columnName: String?
        var reason: String

        init(_ problem: RowProblem) {
            file = problem.file
            line = problem.line
            column = problem.column?.number
            columnName = problem.column?.name
            reason = problem.reason
        }

        /// A sentence with its position.
        var sentence: String {
            let column = column.map { number in
                ", column \(number)" + (columnName.map { " (\($0))" } ?? "")
            }
            return "\(file):\(line)\(column ?? ""): \(reason)"
        }
    }

    init(file: String, tally: ImportTally, seconds: Double) {
        self.file = file
        self.seconds = seconds
        records = tally.records
        entities = tally.entities
        readings = tally.readings
        resumedRecords = tally.resumedRecords
        failures = tally.failures
        danglingReferences = tally.danglingReferences
        problems = tally.problems.map(Problem.init)
        danglingExamples = tally.danglingExamples.map(Problem.init)
    }

    func show(json: Bool) throws {
        if json { return try printJSON(self) }
        Self.list(problems, of: failures)
        Self.list(danglingExamples, of: danglingReferences)
        // Written at once, even if standard output is not a terminal, for those who watch a
        // folder.
        try StandardOutput.line(summary)
    }

    /// Lists the first problems on standard error.
    private static func list(_ problems: [Problem], of count: Int) {
        var text = ""
        for problem in problems.prefix(maximumListed) { text += "\(problem.sentence)\n" }
        let rest = count - min(problems.count, maximumListed)
        if rest > 0 { text += "and \(rest) more\n" }
        StandardError.write(text)
    }

    private var summary: String {
        let rate = Int(Double(entities + readings) / max(seconds, 0.001))
        var parts = ["\(records) records", "\(entities) entities"]
        if readings > 0 { parts.append("\(readings) readings") }
        if resumedRecords > 0 { parts.append("\(resumedRecords) loaded by an earlier run") }
        parts.append(failures == 0 ? "no failures" : "\(failures) failures")
        if danglingReferences > 0 {
            parts.append("\(danglingReferences) references without a target")
        }
        let time = String(format: "%.1f", seconds)
        return "\(file): \(parts.joined(separator: ", ")) in \(time) s (\(rate)/s)"
    }
}
