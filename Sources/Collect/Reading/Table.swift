/// A file of separated fields whose first row names the columns.
package struct Table {
    private var reader: DelimitedReader
    /// The names of the columns, in order.
    package let columns: [String]
    private let numbers: [String: Int]

    /// Reads the header: every column has a name and no two have the same.
    package init(
        _ source: any ByteSource,
        separator: UInt8 = UInt8(ascii: ",")
    ) throws(SourceError) {
        reader = DelimitedReader(source, separator: separator)
        switch try reader.next() {
        case .row: break
        case .end: throw SourceError("`\(source.name)` is empty; it should begin with a header.")
        case .problem(let problem): throw SourceError("\(problem)")
        }
        var numbers: [String: Int] = [:]
        var columns: [String] = []
        for index in 0..<reader.row.count {
            let name = Self.trimmed(reader.row.text(index))
            guard !name.isEmpty, numbers.updateValue(index, forKey: name) == nil else {
                let what = name.isEmpty ? "has no name" : "`\(name)` is there twice"
                throw SourceError("`\(source.name)`: column \(index + 1) \(what).")
            }
            columns.append(name)
        }
        self.columns = columns
        self.numbers = numbers
    }

    /// The name of the file.
    package var file: String { reader.file }
    /// Bytes consumed so far.
    package var bytesRead: Int { reader.bytesRead }
    /// How long the file is, if known.
    package var byteCount: Int? { reader.byteCount }
    /// The row found last; it has as many fields as there are columns.
    package var row: DelimitedRow { _read { yield reader.row } }

    /// The index of the column of that name.
    package func index(of column: String) -> Int? { numbers[column] }

    /// The index of the column of that name, without which the file is of no use.
    package func requiredIndex(of column: String) throws(SourceError) -> Int {
        guard let index = numbers[column] else {
            throw SourceError("`\(file)` has no column `\(column)`.")
        }
        return index
    }

    /// Reads the next row and checks its length.
    package mutating func next() throws(SourceError) -> DelimitedReader.Step {
        let step = try reader.next()
        guard step == .row, reader.row.count != columns.count else { return named(step) }
        return .problem(
            RowProblem(
                file: file,
                line: reader.row.line,
                reason: "The row has \(reader.row.count) fields, the header \(columns.count)."
            )
        )
    }

    /// What is wrong with the row found last.
    func problem(_ refusal: RowRefusal) -> RowProblem {
        RowProblem(
            file: file,
            line: reader.row.line,
            column: refusal.column.map { .init(number: $0 + 1, name: columns[$0]) },
            reason: refusal.reason
        )
    }

    private func named(_ step: DelimitedReader.Step) -> DelimitedReader.Step {
        guard case .problem(var problem) = step, let number = problem.column?.number,
            number <= columns.count
        else { return step }
        problem.column?.name = columns[number - 1]
        return .problem(problem)
    }

    private static func trimmed(_ text: String) -> String {
        let inner = text.drop { $0 == " " || $0 == "\t" }
        return String(inner.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
