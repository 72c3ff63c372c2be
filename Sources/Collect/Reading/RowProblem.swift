/// The reason why one row (or one entity) of a file was left out while others were loaded.
package struct RowProblem: Sendable, Equatable, CustomStringConvertible {
    package var file: String
    /// The line on which the row begins, counted from 1.
    package var line: Int
    /// The column, with its name in the header; nil for the whole row.
    package var column: Column?
    /// A sentence that quotes the input.
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

    /// The most bytes of a reason, which may quote a long cell.
    private static let maximumReasonBytes = 500

    /// The reason without what is beyond the limit.
    static func shortened(_ reason: String) -> String {
        guard reason.utf8.count > maximumReasonBytes else { return reason }
        return String(decoding: reason.utf8.prefix(maximumReasonBytes), as: UTF8.self) + "…"
    }

    package var description: String {
        guard let column else { return "\(file):\(line): \(reason)" }
        let name = column.name.map { " (\($0))" } ?? ""
        return "\(file):\(line), column \(column.number)\(name): \(reason)"
    }
}
