/// Why one row (or one entity of a file) was left out while the others were loaded.
package struct RowProblem: Sendable, Equatable, CustomStringConvertible {
    package var file: String
    /// Counted from 1; the line on which the row begins.
    package var line: Int
    /// Counted from 1, with the name the header gives it; `nil` if the whole row is meant.
    package var column: Column?
    /// One sentence that quotes the input.
    package var reason: String

    /// A column of a table.
    package struct Column: Sendable, Equatable {
        package var number: Int
        package var name: String?
        package init(number: Int, name: String? = nil) {
            self.number = number
            self.name = name
        }
    }

    package init(file: String, line: Int, column: Column? = nil, reason: String) {
        self.file = file
        self.line = line
        self.column = column
        self.reason = Self.shortened(reason)
    }

    /// What is kept of a reason, which may quote a cell however long it is.
    private static let maximumReasonBytes = 500

    private static func shortened(_ reason: String) -> String {
        guard reason.utf8.count > maximumReasonBytes else { return reason }
        return String(decoding: reason.utf8.prefix(maximumReasonBytes), as: UTF8.self) + "…"
    }

    package var description: String {
        guard let column else { return "\(file):\(line): \(reason)" }
        let name = column.name.map { " (\($0))" } ?? ""
        return "\(file):\(line), column \(column.number)\(name): \(reason)"
    }
}
