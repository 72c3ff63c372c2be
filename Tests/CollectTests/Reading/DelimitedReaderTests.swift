import Testing

@testable import Collect

@Suite struct DelimitedReaderTests {
    /// The rows and problems of the text, whatever the size of the pieces it comes in.
    private func read(_ bytes: [UInt8], pieceBytes: Int = 1 << 16) throws -> [String] {
        var reader = DelimitedReader(MemoryBytes(bytes, name: "t.csv", pieceBytes: pieceBytes))
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

    @Test func `empty fields stay and empty lines go`() throws {
        #expect(try read("\n\n,\n\"\"\n\na,\n") == ["3: |", "4: ", "6: a|"])
    }

    @Test func `a byte order mark is no part of the first field`() throws {
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

    @Test func `a quote that is never closed is reported where its row begins`() throws {
        #expect(
            try read("a,b\nc,\"d\ne,f\n") == [
                "1: a|b", "t.csv:2, column 2: The quote that opens here is never closed.",
            ]
        )
    }

    @Test func `broken UTF-8 is reported with its column`() throws {
        let bytes = Array("a,b\n".utf8) + [0x63, 0x2C, 0xC3, 0x28, 0x0A] + Array("d,é".utf8)
        #expect(
            try read(bytes) == [
                "1: a|b", "t.csv:2, column 2: The text `\u{FFFD}(` is not valid UTF-8.", "3: d|é",
            ]
        )
    }

    @Test func `a row beyond the limit is cut off and the next one read`() throws {
        let long = String(repeating: "x", count: DelimitedReader.maximumRowBytes + 1)
        let found = try read(Array("a\n\(long)\nb\n".utf8))
        #expect(found.first == "1: a" && found.last == "3: b" && found.count == 3)
        #expect(found[1].hasPrefix("t.csv:2, column 1: The row has more than"))
    }

    @Test func `UTF-16 is refused with advice`() {
        #expect(throws: SourceError("`t.csv` is UTF-16; save it as UTF-8.")) {
            try read([0xFF, 0xFE, 0x61, 0x00])
        }
    }
}
