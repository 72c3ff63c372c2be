/// A second table, kept in memory and indexed by its key.
struct LookupTable {
    static let maximumRows = 1_000_000

    let columns: [String]
    private var rows: [String: [String]] = [:]

    init(_ source: any ByteSource, key: String, _ format: TableFormat) throws(SourceError) {
        var table = try Table(source, format)
        columns = table.columns
        let keyColumn = try table.requiredIndex(of: key)
        while true {
            switch try table.next() {
            case .end: return
            case .problem(let problem): throw SourceError("\(problem)")
            case .row:
                guard rows.count < Self.maximumRows else {
                    throw SourceError("`\(table.file)` has more than \(Self.maximumRows) rows.")
                }
                let row = (0..<table.row.count).map(table.row.text)
                guard rows.updateValue(row, forKey: row[keyColumn]) == nil else {
                    throw SourceError("`\(table.file)` has `\(row[keyColumn])` twice.")
                }
            }
        }
    }

    subscript(key: String) -> [String]? { rows[key] }
}
