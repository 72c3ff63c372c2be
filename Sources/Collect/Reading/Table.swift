/// A file of separated fields whose first row has the names of the columns.
package struct Table {
    private var reader: DelimitedReader
    /// The names of the columns, in order; a name that the map does not use may be empty or
    /// repeated.
    package let columns: [String]
    private let numbers: [String: Int]
    private let repeated: Set<String>
    /// The fewest fields of a row: columns without a name at the end may be missing.
    private let namedCount: Int

    /// Reads the header.
    package init(
        _ source: any ByteSource,
        _ format: TableFormat = TableFormat()
    ) throws(SourceError) {
        guard let table = try Self.unlessEmpty(source, format) else {
            throw SourceError("`\(source.name)` is empty; it should begin with a header.")
        }
        self = table
    }

    /// Reads the header; nil if the file is empty.
    package static func unlessEmpty(
        _ source: any ByteSource,
        _ format: TableFormat = TableFormat()
    ) throws(SourceError) -> Table? {
        var reader = DelimitedReader(source, format)
        switch try reader.next() {
        case .row: return Table(reader)
        case .end: return nil
        case .problem(let problem): throw SourceError("\(problem)")
        }
    }

    /// `reader` must be at the header.
    private init(_ reader: DelimitedReader) {
        self.reader = reader
        let columns = (0..<reader.row.count).map { Self.trimmed(reader.row.text($0)) }
        var numbers: [String: Int] = [:]
        var repeated: Set<String> = []
        for (index, name) in columns.enumerated() where !name.isEmpty {
            if numbers.updateValue(index, forKey: name) != nil { repeated.insert(name) }
        }
        self.columns = columns
        self.numbers = numbers
        self.repeated = repeated
        namedCount = (columns.lastIndex { !$0.isEmpty } ?? -1) + 1
    }

    /// The name of the file.
    package var file: String { reader.file }
    /// The bytes read so far.
    package var bytesRead: Int { reader.bytesRead }
    /// The length of the file, if known.
    package var byteCount: Int? { reader.byteCount }
    /// The last row, which has as many fields as there are columns.
    package var row: DelimitedRow { _read { yield reader.row } }

    /// The lines before the header that a map does not count.
    var leadingLines: Int { reader.leadingLines }

    /// The index of the column; throws when the name is repeated.
    package func index(of column: String) throws(SourceError) -> Int? {
        guard !repeated.contains(column) else {
            throw SourceError("`\(file)` has more than one column `\(column)`.")
        }
        return numbers[column]
    }

    /// The index of the column; throws when it is missing.
    package func requiredIndex(of column: String) throws(SourceError) -> Int {
        guard let index = try index(of: column) else {
            throw SourceError("`\(file)` has no column `\(column)`.")
        }
        return index
    }

    /// Reads the next row and checks its length.
    package mutating func next() throws(SourceError) -> DelimitedReader.Step {
        let step = try reader.next()
        guard step == .row, reader.row.count != columns.count else { return named(step) }
        let count = reader.row.count
        let isComplete =
            count < columns.count
            ? count >= namedCount
            : (columns.count..<count).allSatisfy { reader.row[$0].isEmpty }
        guard isComplete else {
            return .problem(
                RowProblem(
                    file: file,
                    line: reader.row.line,
                    reason: "The row has \(count) fields, the header \(columns.count)."
                )
            )
        }
        reader.adjustRow(to: columns.count)
        return .row
    }

    /// The next rows as they are, with any number of fields.
    mutating func rowsAhead(_ limit: Int) throws(SourceError) -> [(line: Int, fields: [String])] {
        var rows: [(line: Int, fields: [String])] = []
        for _ in 0..<limit {
            switch try reader.next() {
            case .end: return rows
            case .problem: continue
            case .row:
                rows.append((reader.row.line, (0..<reader.row.count).map(reader.row.text)))
            }
        }
        return rows
    }

    /// The problem of the last row.
    func problem(_ refusal: RowRefusal) -> RowProblem {
        RowProblem(
            file: file,
            line: reader.row.line,
            column: refusal.column.map { .init(number: $0 + 1, name: name($0)) },
            reason: refusal.reason
        )
    }

    private func name(_ column: Int) -> String? {
        columns[column].isEmpty ? nil : columns[column]
    }

    private func named(_ step: DelimitedReader.Step) -> DelimitedReader.Step {
        guard case .problem(var problem) = step, let number = problem.column?.number,
            number <= columns.count
        else { return step }
        problem.column?.name = name(number - 1)
        return .problem(problem)
    }

    /// The text without blanks around it.
    static func trimmed(_ text: String) -> String {
        let inner = text.drop { $0 == " " || $0 == "\t" }
        return String(inner.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
