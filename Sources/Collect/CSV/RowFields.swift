import ContextModel

/// Finds the fields that names in a map refer to: columns of the table, the cell of a wide table,
/// or columns of the lookup table.
struct RowFields {
    /// A field that a name in the map refers to.
    enum Field {
        case column(Int)
        case wideName
        case wideValue
        case looked(Int)
    }

    /// A template whose names were found.
    struct Text {
        enum Part {
            case text(String)
            case field(Field)
        }

        var parts: [Part]
        /// The column that is named when the text has a problem.
        var firstColumn: Int? {
            for case .field(.column(let column)) in parts { return column }
            return nil
        }
    }

    /// One cell of a wide table, or a whole row of another one.
    struct Cell {
        var column: Int?
        var looked: [String]?
    }

    let columns: [String]
    private let table: Table
    private let wide: ColumnMap.Wide?
    private let lookedColumns: [String]

    init(table: Table, wide: ColumnMap.Wide?, lookedColumns: [String]) {
        columns = table.columns
        self.table = table
        self.wide = wide
        self.lookedColumns = lookedColumns
    }

    func find(_ name: String) throws(SourceError) -> Field {
        if let wide, name == wide.name { return .wideName }
        if let wide, name == wide.value { return .wideValue }
        if let index = try table.index(of: name) { return .column(index) }
        if let index = lookedColumns.firstIndex(of: name) { return .looked(index) }
        let known = columns.filter { !$0.isEmpty }.prefix(30).map { "`\($0)`" }
        throw SourceError(
            "The map names a column `\(name)`; `\(table.file)` has "
                + (known.isEmpty ? "no names." : "\(known.joined(separator: ", ")).")
        )
    }

    func find(_ template: Template) throws(SourceError) -> Text {
        var parts: [Text.Part] = []
        for part in template.parts {
            switch part {
            case .text(let text): parts.append(.text(text))
            case .column(let name): parts.append(.field(try find(name)))
            }
        }
        return Text(parts: parts)
    }

    /// The text of the field; nil if the row of the lookup table was not found.
    func text(_ field: Field, _ row: DelimitedRow, _ cell: Cell) -> String? {
        switch field {
        case .column(let index): row.text(index)
        case .wideName: cell.column.map { columns[$0] }
        case .wideValue: cell.column.map(row.text)
        case .looked(let index): cell.looked?[index]
        }
    }

    /// The text of the template; nil if any of its fields is empty.
    func text(
        _ text: Text,
        _ row: DelimitedRow,
        _ cell: Cell,
        percentEncoding: Bool = false
    ) -> String? {
        if !percentEncoding, text.parts.count == 1, case .field(let field) = text.parts[0] {
            return self.text(field, row, cell).flatMap { $0.isEmpty ? nil : $0 }
        }
        var result = ""
        for part in text.parts {
            switch part {
            case .text(let plain): result += plain
            case .field(let field):
                guard let value = self.text(field, row, cell), !value.isEmpty else { return nil }
                result += percentEncoding ? EntityName.percentEncoded(value) : value
            }
        }
        return result
    }
}
