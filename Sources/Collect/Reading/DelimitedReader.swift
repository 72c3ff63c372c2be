import ContextModel

/// One row of a table: the content of its fields, without quotes.
package struct DelimitedRow: Sendable {
    /// The fields' bytes, valid UTF-8.
    package fileprivate(set) var bytes: [UInt8] = []
    /// The end of each field.
    fileprivate(set) var ends: [Int] = []
    /// Whether blanks around a field do not belong to it.
    fileprivate(set) var isTrimmed = false
    /// The line on which the row begins, counted from 1.
    package fileprivate(set) var line = 1

    /// The number of fields.
    package var count: Int { ends.count }

    /// The bytes of a field.
    package subscript(field: Int) -> ArraySlice<UInt8> {
        let whole = bytes[(field == 0 ? 0 : ends[field - 1])..<ends[field]]
        guard isTrimmed, let first = whole.first, let last = whole.last,
            Self.mayBeBlank(first) || Self.mayBeBlank(last)
        else { return whole }
        return Self.trimmed(whole)
    }

    /// Adds empty fields, or removes fields, to get this number of them.
    mutating func adjust(to count: Int) {
        while ends.count < count { ends.append(bytes.count) }
        ends.removeLast(ends.count - count)
    }

    /// Whether the byte is a blank, a tab or part of a no-break space.
    private static func mayBeBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0xC2 || byte == 0xA0
    }

    private static func trimmed(_ field: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let noBreakSpace: [UInt8] = [0xC2, 0xA0]
        var rest = field
        while true {
            if rest.first == 0x20 || rest.first == 0x09 {
                rest.removeFirst()
            } else if rest.last == 0x20 || rest.last == 0x09 {
                rest.removeLast()
            } else if rest.starts(with: noBreakSpace) {
                rest.removeFirst(2)
            } else if rest.suffix(2).elementsEqual(noBreakSpace) {
                rest.removeLast(2)
            } else {
                return rest
            }
        }
    }

    /// The text of a field.
    package func text(_ field: Int) -> String { String(decoding: self[field], as: UTF8.self) }
}

/// Reads rows of separated fields (RFC 4180), and knows the position of errors.
///
/// Rows may end in CR, LF or both; a byte order mark and empty lines are skipped. Excel's first
/// line `sep=;` sets the separator. A row that breaks the rules is reported, and the next one is
/// read.
package struct DelimitedReader {
    /// The most bytes of a row: a quote without its end would contain the rest of the file.
    static let maximumRowBytes = 1 << 20
    static let maximumFields = 10_000
    /// The most bytes of an invalid row; the file is refused when there are more.
    ///
    /// It is probably not a table any more, and looking for the end of the row could take any
    /// time.
    static let maximumSkippedBytes = 16 << 20

    /// The result of reading a row.
    package enum Step: Equatable {
        case row, end
        case problem(RowProblem)
    }

    private enum State { case fieldStart, plain, quoted, quoteInQuoted, afterQuote, skipping }

    /// The last row.
    package private(set) var row = DelimitedRow()
    /// The bytes read so far.
    package private(set) var bytesRead = 0

    private let source: any ByteSource
    private let format: TableFormat
    private var decoder: TextDecoder
    private var separator: UInt8
    private var piece: [UInt8] = []
    private var position = 0
    private var line = 1
    private var state = State.fieldStart
    private var problem: RowProblem?
    private var hasHighBytes = false
    /// The bytes of an invalid row after the error.
    private var skippedBytes = 0
    private var lastWasCR = false
    private var isAtStart = true
    /// The lines before the header that the file itself announces: one, if it names its separator.
    private(set) var leadingLines = 0

    package init(_ source: any ByteSource, _ format: TableFormat = TableFormat()) {
        self.source = source
        self.format = format
        separator = format.separator ?? UInt8(ascii: ",")
        decoder = TextDecoder(format.encoding ?? .utf8)
        row.isTrimmed = !format.keepsBlanks
    }

    /// The name of the file.
    package var file: String { source.name }
    /// The length of the file, if known.
    package var byteCount: Int? { source.byteCount }

    /// Gives the last row this number of fields.
    mutating func adjustRow(to count: Int) { row.adjust(to: count) }

    /// Reads the next row that is not empty.
    package mutating func next() throws(SourceError) -> Step {
        beginRow()
        if isAtStart { try begin() }
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
            if state == .skipping, skippedBytes > Self.maximumSkippedBytes { throw endlessRow() }
        }
    }
}

// MARK: - Bytes

extension DelimitedReader {
    private mutating func refill() throws(SourceError) -> Bool {
        position = 0
        repeat {
            let raw = try source.nextPiece()
            bytesRead += raw.count
            guard !raw.isEmpty else {
                piece = decoder.finish()
                return !piece.isEmpty
            }
            piece = decoder.decode(raw)
        } while piece.isEmpty
        return true
    }

    private mutating func beginRow() {
        row.bytes.removeAll(keepingCapacity: true)
        row.ends.removeAll(keepingCapacity: true)
        row.line = line
        state = .fieldStart
        hasHighBytes = false
        skippedBytes = 0
        problem = nil
    }

    /// Takes a byte that does not end a line.
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
            .quoteInQuoted where byte == separator, .afterQuote where byte == separator:
            endField()
        case .fieldStart:
            state = .plain
            append(byte)
        case .plain where isBlankSoFar:
            // Removes blanks before a quote.
            row.bytes.removeLast(row.bytes.count - (row.ends.last ?? 0))
            state = .quoted
        case .plain: fail("A quote stands inside a field that does not begin with one.")
        case .quoteInQuoted where isBlank(byte), .afterQuote where isBlank(byte):
            state = .afterQuote
        case .quoteInQuoted, .afterQuote:
            fail("After the closing quote comes something else than a separator.")
        case .skipping: skippedBytes += 1
        }
    }

    private func endlessRow() -> SourceError {
        SourceError(
            "`\(file)` has a row of more than \(Self.maximumSkippedBytes >> 20) MiB, on line "
                + "\(row.line): is it a table?"
        )
    }

    private func isBlank(_ byte: UInt8) -> Bool {
        row.isTrimmed && (byte == 0x20 || byte == 0x09)
    }

    /// Whether the field has only blanks that do not belong to it.
    private var isBlankSoFar: Bool { row.bytes[(row.ends.last ?? 0)...].allSatisfy(isBlank) }

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

    /// Takes the end of a line; false if the row continues after it.
    private mutating func endLine(_ byte: UInt8) -> Bool {
        guard state == .quoted else { return true }
        append(byte)
        return state != .quoted
    }
}

// MARK: - The beginning

extension DelimitedReader {
    /// Finds the encoding and the separator, and skips the lines before the header.
    private mutating func begin() throws(SourceError) {
        isAtStart = false
        let first = try firstBytes()
        guard !first.isEmpty else { return }
        let mark = TextEncoding.marked(first)
        if let mark {
            decoder = TextDecoder(mark.encoding)
        } else if format.encoding == nil, let guess = TextEncoding.guessed(first) {
            let key = format.isFromMap ? "say `encoding: \(guess.rawValue)` in the map" : nil
            throw SourceError("`\(file)` looks like UTF-16; \(key ?? "save it as UTF-8").")
        }
        piece = decoder.decode(Array(first.dropFirst(mark?.markBytes ?? 0)))
        position = 0
        try readSeparator()
        for _ in 0..<format.skippedRows { try skipLine() }
        row.line = line
    }

    /// The first bytes of the file, undecoded, by which its encoding is recognised.
    private mutating func firstBytes() throws(SourceError) -> [UInt8] {
        var first: [UInt8] = []
        while first.count < Self.beginningBytes {
            let more = try source.nextPiece()
            if more.isEmpty { break }
            first += more
        }
        bytesRead += first.count
        return first
    }

    /// The number of bytes by which the encoding and the separator of a file are recognised.
    private static let beginningBytes = 256

    /// Takes the separator from a first line such as `sep=;`, as Excel does.
    private mutating func readSeparator() throws(SourceError) {
        var line = piece[position...].prefix { $0 != 0x0A && $0 != 0x0D }
        guard line.count < piece.count - position else { return }
        if line.first == UInt8(ascii: "\""), line.last == line.first, line.count > 1 {
            line = line.dropFirst().dropLast()
        }
        guard line.count == 5, line.starts(with: Array("sep=".utf8)), let last = line.last,
            last < 0x80
        else { return }
        separator = last
        leadingLines = 1
        try skipLine()
    }

    /// Skips to the beginning of the next line, or to the end of the file.
    private mutating func skipLine() throws(SourceError) {
        var isCR = false
        skippedBytes = 0
        while true {
            if position == piece.count, try !refill() { return }
            skippedBytes += 1
            if skippedBytes > Self.maximumSkippedBytes { throw endlessRow() }
            let byte = piece[position]
            if isCR, byte != 0x0A { break }
            position += 1
            if byte == 0x0A { break }
            isCR = byte == 0x0D
        }
        line += 1
    }
}

// MARK: - Rows

extension DelimitedReader {
    /// The result of the finished line; nil if it is empty.
    private mutating func finishedRow() -> Step? {
        if let problem { return .problem(problem) }
        if row.ends.isEmpty, state == .fieldStart || state == .plain && isBlankSoFar {
            beginRow()
            return nil
        }
        row.ends.append(row.bytes.count)
        guard !hasHighBytes || String(validating: row.bytes, as: UTF8.self) != nil else {
            return .problem(encodingProblem())
        }
        if hasHighBytes,
            let field = (0..<row.count).first(where: { CombiningMarks.areTooMany(in: row.text($0)) }
            )
        {
            return .problem(
                RowProblem(
                    file: file,
                    line: row.line,
                    column: .init(number: field + 1),
                    reason: "In the field \(CombiningMarks.problem)."
                )
            )
        }
        return .row
    }

    private func encodingProblem() -> RowProblem {
        let field = (0..<row.count).first { String(validating: row[$0], as: UTF8.self) == nil }
        let number = (field ?? 0) + 1
        let text = field.map(row.text) ?? ""
        let encoding = decoder.encoding.rawValue
        return RowProblem(
            file: file,
            line: row.line,
            column: .init(number: number),
            reason: "The text `\(text)` is not valid \(encoding.uppercased())."
                + format.advice("The map's `encoding` says what else the file is in.")
        )
    }

    private mutating func endOfFile() -> Step {
        if state == .quoted {
            fail("The quote that opens here is never closed.")
        }
        return finishedRow() ?? .end
    }
}
