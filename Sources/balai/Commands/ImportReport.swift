import Collect
import Foundation
import Glibc

/// One line on a terminal that says how far an import is.
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

    /// `stops.txt [######------] 52 %  18,400/s  0:12 left`.
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
        FileHandle.standardError.write(Data(text.utf8))
    }
}

/// The summary of an import.
struct ImportReport: Encodable {
    /// More problems than this are not listed on a terminal.
    private static let maximumListed = 50

    let file: String
    let records: Int
    let entities: Int
    let readings: Int
    let resumedRecords: Int
    let failures: Int
    let seconds: Double
    let problems: [Problem]

    struct Problem: Encodable {
        var file: String
        var line: Int
        var column: Int?
        var columnName: String?
        var reason: String
    }

    init(file: String, tally: ImportTally, seconds: Double) {
        self.file = file
        self.seconds = seconds
        records = tally.records
        entities = tally.entities
        readings = tally.readings
        resumedRecords = tally.resumedRecords
        failures = tally.failures
        problems = tally.problems.map {
            Problem(
                file: $0.file,
                line: $0.line,
                column: $0.column?.number,
                columnName: $0.column?.name,
                reason: $0.reason
            )
        }
    }

    func show(json: Bool) throws {
        if json { return try printJSON(self) }
        for problem in problems.prefix(Self.maximumListed) {
            let column = problem.column.map { number in
                ", column \(number)" + (problem.columnName.map { " (\($0))" } ?? "")
            }
            let place = "\(problem.file):\(problem.line)\(column ?? "")"
            FileHandle.standardError.write(Data("\(place): \(problem.reason)\n".utf8))
        }
        let listed = min(problems.count, Self.maximumListed)
        if failures > listed {
            FileHandle.standardError.write(Data("and \(failures - listed) more\n".utf8))
        }
        // At once, also where standard output is no terminal: whoever watches a folder reads along.
        FileHandle.standardOutput.write(Data((summary + "\n").utf8))
    }

    private var summary: String {
        let rate = Int(Double(entities + readings) / max(seconds, 0.001))
        var parts = ["\(records) records", "\(entities) entities"]
        if readings > 0 { parts.append("\(readings) readings") }
        if resumedRecords > 0 { parts.append("\(resumedRecords) loaded by an earlier run") }
        parts.append(failures == 0 ? "no failures" : "\(failures) failures")
        let time = String(format: "%.1f", seconds)
        return "\(file): \(parts.joined(separator: ", ")) in \(time) s (\(rate)/s)"
    }
}
