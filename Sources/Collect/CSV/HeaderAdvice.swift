/// Finds out how a map should describe a table in which the columns of the map are missing: its
/// header may be further down, or its separator may be another one.
struct HeaderAdvice {
    /// The rows that are examined.
    private static let maximumRows = 50
    private static let separators: [(character: Character, name: String)] = [
        (";", ";"), (",", ","), ("\t", "tab"), ("|", "|"),
    ]

    private let wanted: Set<String>

    init(_ map: ColumnMap, lookedColumns: [String]) {
        wanted = map.columnNames.subtracting(lookedColumns)
    }

    /// A sentence that follows the error message; empty when there is no advice.
    func sentence(about table: inout Table) throws(SourceError) -> String {
        guard !wanted.isEmpty else { return "" }
        let header = (line: table.row.line, fields: table.columns)
        for row in [header] + (try table.rowsAhead(Self.maximumRows)) {
            let separator = separator(splitting: row.fields)
            guard separator != nil || wanted.isSubset(of: row.fields) else { continue }
            var keys: [String] = []
            if let separator { keys.append("`separator: \"\(separator)\"`") }
            if row.line > header.line {
                keys.append("`skipRows: \(row.line - 1 - table.leadingLines)`")
            }
            guard !keys.isEmpty else { return "" }
            return " Line \(row.line) has it with \(keys.joined(separator: " and ")) in the map."
        }
        return ""
    }

    /// The separator that splits a row into columns of the map; nil if none does.
    private func separator(splitting fields: [String]) -> String? {
        guard !wanted.isSubset(of: fields), fields.count == 1 else { return nil }
        return Self.separators.first { candidate in
            let parts = fields[0].split(separator: candidate.character)
            return wanted.isSubset(of: parts.map { Table.trimmed(String($0)) })
        }?.name
    }
}

extension ColumnMap {
    /// The columns of the table that the map names.
    fileprivate var columnNames: Set<String> {
        var templates = [id]
        if let time { templates.append(time.value) }
        if let lookup { templates.append(lookup.match) }
        var sources = (attributes + entity).map(\.source)
        if let location { sources += [location.latitude, location.longitude] }
        for case .template(let template) in sources { templates.append(template) }
        var names = Set(templates.flatMap(\.columns)).union(skips.map(\.column))
        if let wide {
            names.formUnion(wide.columns + wide.exceptColumns)
            names.subtract([wide.name, wide.value])
        }
        return names
    }
}

extension Template {
    /// The columns that it names.
    fileprivate var columns: [String] {
        parts.compactMap { part in
            if case .column(let name) = part { name } else { nil }
        }
    }
}
