/// One row of a table: its fields one after the other, without their quotes.
package struct DelimitedRow: Sendable {
    /// The fields' bytes, valid UTF-8.
    package fileprivate(set) var bytes: [UInt8] = []
    /// Where each field ends.
    fileprivate(set) var ends: [Int] = []
    /// The line on which the row begins, counted from 1.
    package fileprivate(set) var line = 1

    /// The number of fields.
    package var count: Int { ends.count }

    /// The bytes of a field.
    package subscript(field: Int) -> ArraySlice<UInt8> {
        bytes[(field == 0 ? 0 : ends[field - 1])..<ends[field]]
    }

    /// The text of a field.
    package func text(_ field: Int) -> String { String(decoding: self[field], as: UTF8.self) }
}

/// Reads rows of separated fields (RFC 4180) as they come, and knows the place of what is wrong.
///
/// Rows may end in CR, LF or both; a byte order mark and empty lines are skipped. A row that breaks
/// the rules is reported and the next one is read.
package struct DelimitedReader {
    /// A row longer than this is refused: a quote that is never closed would swallow the file.
    static let maximumRowBytes = 1 << 20
    static let maximumFields = 10_000

    /// What the reader found next.
    package enum Step: Equatable {
        case row, end
        case problem(RowProblem)
    }

    private enum State { case fieldStart, plain, quoted, quoteInQuoted, skipping }

    /// The row found last.
    package private(set) var row = DelimitedRow()
    /// Bytes consumed so far.
    package private(set) var bytesRead = 0

    private let source: any ByteSource
    private let separator: UInt8
    private var piece: [UInt8] = []
    private var position = 0
    private var line = 1
    private var state = State.fieldStart
    private var problem: RowProblem?
    private var hasHighBytes = false
    private var lastWasCR = false
    private var isAtStart = true

    package init(_ source: any ByteSource, separator: UInt8 = UInt8(ascii: ",")) {
        self.source = source
        self.separator = separator
    }

    /// The name of the file.
    package var file: String { source.name }
    /// How long the file is, if known.
    package var byteCount: Int? { source.byteCount }

    /// Reads the next row that has anything in it.
    package mutating func next() throws(SourceError) -> Step {
        beginRow()
        if isAtStart { try skipByteOrderMark() }
        while true {
            guard position < piece.count else {
                if try refill() { continue }
                return endOfFile()
            }
            let byte = piece[position]
            position += 1
            if byte == 0x0A, lastWasCR {
                lastWasCR = false
                if state == .quoted { append(byte) }
                continue
            }
            lastWasCR = byte == 0x0D
            if lastWasCR || byte == 0x0A {
                line += 1
                guard endLine(byte), let step = finishedRow() else { continue }
                return step
            }
            take(byte)
        }
    }
}

// MARK: - Bytes

extension DelimitedReader {
    private mutating func refill() throws(SourceError) -> Bool {
        bytesRead += piece.count
        piece = try source.nextPiece()
        position = 0
        return !piece.isEmpty
    }

    private mutating func skipByteOrderMark() throws(SourceError) {
        isAtStart = false
        guard try refill() else { return }
        while piece.count < 3 {
            let more = try source.nextPiece()
            if more.isEmpty { break }
            piece += more
        }
        if piece.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        if piece.starts(with: [0xFF, 0xFE]) || piece.starts(with: [0xFE, 0xFF]) {
            throw SourceError("`\(file)` is UTF-16; save it as UTF-8.")
        }
    }

    private mutating func beginRow() {
        row.bytes.removeAll(keepingCapacity: true)
        row.ends.removeAll(keepingCapacity: true)
        row.line = line
        state = .fieldStart
        hasHighBytes = false
        problem = nil
    }

    /// Takes a byte that ends no line.
    @inline(__always)
    private mutating func take(_ byte: UInt8) {
        switch state {
        case .plain where byte != separator && byte != UInt8(ascii: "\""),
            .quoted where byte != UInt8(ascii: "\""):
            append(byte)
        case .fieldStart where byte == UInt8(ascii: "\""): state = .quoted
        case .quoted: state = .quoteInQuoted
        case .quoteInQuoted where byte == UInt8(ascii: "\""):
            state = .quoted
            append(byte)
        case .fieldStart where byte == separator, .plain where byte == separator,
            .quoteInQuoted where byte == separator:
            endField()
        case .fieldStart:
            state = .plain
            append(byte)
        case .plain: fail("A quote stands inside a field that does not begin with one.")
        case .quoteInQuoted: fail("After the closing quote comes something else than a separator.")
        case .skipping: break
        }
    }

    @inline(__always)
    private mutating func append(_ byte: UInt8) {
        if byte >= 0x80 { hasHighBytes = true }
        row.bytes.append(byte)
        if row.bytes.count > Self.maximumRowBytes {
            fail("The row has more than \(Self.maximumRowBytes) bytes; is a quote never closed?")
        }
    }

    private mutating func endField() {
        row.ends.append(row.bytes.count)
        state = .fieldStart
        if row.ends.count > Self.maximumFields {
            fail("The row has more than \(Self.maximumFields) fields.")
        }
    }

    private mutating func fail(_ reason: String) {
        state = .skipping
        let column = RowProblem.Column(number: row.ends.count + 1)
        problem = RowProblem(file: file, line: row.line, column: column, reason: reason)
    }

    /// Takes the end of a line; false if the row goes on behind it.
    private mutating func endLine(_ byte: UInt8) -> Bool {
        guard state == .quoted else { return true }
        append(byte)
        return state != .quoted
    }
}

// MARK: - Rows

extension DelimitedReader {
    /// What the finished line holds; `nil` if nothing at all.
    private mutating func finishedRow() -> Step? {
        if let problem { return .problem(problem) }
        if state == .fieldStart, row.ends.isEmpty {
            beginRow()
            return nil
        }
        row.ends.append(row.bytes.count)
        guard !hasHighBytes || String(validating: row.bytes, as: UTF8.self) != nil else {
            return .problem(encodingProblem())
        }
        return .row
    }

    private func encodingProblem() -> RowProblem {
        let field = (0..<row.count).first { String(validating: row[$0], as: UTF8.self) == nil }
        let number = (field ?? 0) + 1
        let text = field.map(row.text) ?? ""
        return RowProblem(
            file: file,
            line: row.line,
            column: .init(number: number),
            reason: "The text `\(text)` is not valid UTF-8."
        )
    }

    private mutating func endOfFile() -> Step {
        if state == .quoted {
            fail("The quote that opens here is never closed.")
        }
        return finishedRow() ?? .end
    }
}
