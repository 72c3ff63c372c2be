import Testing

@testable import Collect

@Suite struct DelimitedReaderTests {
    /// The rows and problems of the text, for pieces of any size.
    private func read(
        _ bytes: [UInt8],
        pieceBytes: Int = 1 << 16,
        format: TableFormat = TableFormat()
    ) throws -> [String] {
        let source = MemoryBytes(bytes, name: "t.csv", pieceBytes: pieceBytes)
        var reader = DelimitedReader(source, format)
        var found: [String] = []
        while true {
            switch try reader.next() {
            case .row:
                let fields = (0..<reader.row.count).map { reader.row.text($0) }
                found.append("\(reader.row.line): " + fields.joined(separator: "|"))
            case .problem(let problem): found.append("\(problem)")
            case .end: return found
            }
        }
    }

    private func read(_ text: String) throws -> [String] {
        let whole = try read(Array(text.utf8))
        for pieceBytes in 1...7 {
            #expect(try read(Array(text.utf8), pieceBytes: pieceBytes) == whole)
        }
        return whole
    }

    @Test func `fields are split at commas and rows at any kind of line end`() throws {
        #expect(try read("a,b\nc,d\r\ne,f\rg,h") == ["1: a|b", "2: c|d", "3: e|f", "4: g|h"])
    }

    @Test func `quotes hold commas, line ends and doubled quotes`() throws {
        #expect(
            try read("\"a,b\",\"c\"\"d\"\n\"e\nf\",g\nh,i") == [
                "1: a,b|c\"d", "2: e\nf|g", "4: h|i",
            ]
        )
        #expect(try read("\"e\r\nf\",g\r\nh,i") == ["1: e\r\nf|g", "3: h|i"])
    }

    @Test func `a file with an endless row is refused before it is read`() throws {
        let row = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        let source = Endless(row)
        var reader = DelimitedReader(source)
        #expect(throws: SourceError.self) { try reader.next() }
        #expect(source.pieces < 20)
    }

    /// The same piece without end.
    private final class Endless: ByteSource {
        let name = "t.csv"
        let byteCount: Int? = nil
        private(set) var pieces = 0
        private let piece: [UInt8]

        init(_ piece: [UInt8]) { self.piece = piece }

        func nextPiece() -> [UInt8] {
            pieces += 1
            return pieces < 64 ? piece : []
        }
    }

    @Test func `empty fields are kept and empty lines skipped`() throws {
        #expect(try read("\n\n,\n\"\"\n\na,\n") == ["3: |", "4: ", "6: a|"])
    }

    @Test func `a byte order mark does not belong to the first field`() throws {
        #expect(try read("\u{FEFF}a,b\n") == ["1: a|b"])
    }

    @Test func `a row that breaks the rules is reported and the next one read`() throws {
        #expect(
            try read("a,b\"c\nd,\"e\"f\ng,h\n") == [
                "t.csv:1, column 2: A quote stands inside a field that does not begin with one.",
                "t.csv:2, column 2: After the closing quote comes something else than a separator.",
                "3: g|h",
            ]
        )
    }

    @Test func `an unclosed quote is reported where its row begins`() throws {
        #expect(
            try read("a,b\nc,\"d\ne,f\n") == [
                "1: a|b", "t.csv:2, column 2: The quote that opens here is never closed.",
            ]
        )
    }

    @Test func `invalid UTF-8 is reported with its column`() throws {
        let bytes = Array("a,b\n".utf8) + [0x63, 0x2C, 0xC3, 0x28, 0x0A] + Array("d,é".utf8)
        #expect(
            try read(bytes) == [
                "1: a|b", "t.csv:2, column 2: The text `\u{FFFD}(` is not valid UTF-8.", "3: d|é",
            ]
        )
    }

    @Test func `a row beyond the limit is skipped and the next one read`() throws {
        let long = String(repeating: "x", count: DelimitedReader.maximumRowBytes + 1)
        let found = try read(Array("a\n\(long)\nb\n".utf8))
        #expect(found.first == "1: a" && found.last == "3: b" && found.count == 3)
        #expect(found[1].hasPrefix("t.csv:2, column 1: The row has more than"))
    }

    @Test func `blanks around a field do not belong to it unless the format says so`() throws {
        #expect(try read("a, b ,\u{A0}c\t\n\" d \" , \"e,f\" ,\n") == ["1: a|b|c", "2: d|e,f|"])
        #expect(try read(" \t \na,b\n") == ["2: a|b"])
        var format = TableFormat()
        format.keepsBlanks = true
        #expect(try read(Array(" a,b \n".utf8), format: format) == ["1:  a|b "])
    }

    @Test func `Excel's line with the separator is used`() throws {
        #expect(try read("sep=;\na;b,c\n") == ["2: a|b,c"])
        #expect(try read("\"sep=\t\"\r\na\tb\r\n") == ["2: a|b"])
        #expect(try read("sep=;x\n") == ["1: sep=;x"])
    }

    @Test(arguments: ["\n", "\r\n", "\r"])
    func `lines before the header are skipped and counted`(end: String) throws {
        var format = TableFormat()
        format.skippedRows = 2
        let text = ["sep=;", "Counts, \"2026", "", "a;b", "1;2"].joined(separator: end)
        for pieceBytes in [1, 3, 1 << 16] {
            let found = try read(Array(text.utf8), pieceBytes: pieceBytes, format: format)
            #expect(found == ["4: a|b", "5: 1|2"])
        }
    }

    /// The text in UTF-16.
    private func utf16(_ text: String, isLittleEndian: Bool) -> [UInt8] {
        text.utf16.flatMap { unit in
            let (high, low) = (UInt8(unit >> 8), UInt8(unit & 0xFF))
            return isLittleEndian ? [low, high] : [high, low]
        }
    }

    @Test(arguments: [true, false])
    func `UTF-16 is recognised by its mark, or read by the format`(isLittle: Bool) throws {
        let text = "a,ä€\n😀,ภูเก็ต\n"
        for pieceBytes in 1...5 {
            let marked = utf16("\u{FEFF}" + text, isLittleEndian: isLittle)
            #expect(try read(marked, pieceBytes: pieceBytes) == ["1: a|ä€", "2: 😀|ภูเก็ต"])
            var format = TableFormat()
            format.encoding = isLittle ? .utf16LittleEndian : .utf16BigEndian
            let plain = utf16(text, isLittleEndian: isLittle)
            #expect(try read(plain, pieceBytes: pieceBytes, format: format).count == 2)
        }
        let unmarked = utf16(text, isLittleEndian: isLittle)
        #expect(throws: SourceError("`t.csv` looks like UTF-16; save it as UTF-8.")) {
            try read(unmarked)
        }
        var format = TableFormat()
        format.isFromMap = true
        let key = "`encoding: utf-16\(isLittle ? "le" : "be")`"
        #expect(throws: SourceError("`t.csv` looks like UTF-16; say \(key) in the map.")) {
            try read(unmarked, format: format)
        }
    }

    @Test func `half a character of UTF-16 is a problem of its row`() throws {
        let bytes: [UInt8] = [0xFF, 0xFE, 0x61, 0, 0x0A, 0, 0x3D, 0xD8, 0x0A, 0, 0x62, 0]
        let found = try read(bytes)
        #expect(found.count == 3 && found[0] == "1: a" && found[2] == "3: b", "\(found)")
        #expect(found[1].hasSuffix("is not valid UTF-16LE."))
    }

    @Test(arguments: [
        (TextEncoding.windows1252, [0x80, 0xE4, 0x92] as [UInt8], "€ä’"),
        (.latin1, [0xE4, 0xFF], "äÿ"), (.windows874, [0xC0, 0xD9, 0x80], "ภู€"),
    ])
    func `single-byte encodings are read`(
        encoding: TextEncoding,
        bytes: [UInt8],
        text: String
    ) throws {
        var format = TableFormat()
        format.encoding = encoding
        #expect(try read(Array("a,".utf8) + bytes + [0x0A], format: format) == ["1: a|\(text)"])
    }

    @Test func `a table that is not UTF-8 is reported with the keys of the map`() throws {
        var format = TableFormat()
        format.isFromMap = true
        let found = try read([0x61, 0x0A, 0xE4, 0x0A], format: format)
        let advice = "The map's `encoding` says what else the file is in."
        #expect(found.last?.hasSuffix(advice) == true)
    }
}
