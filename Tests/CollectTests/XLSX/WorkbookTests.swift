import Archives
import ContextModel
import Foundation
import Testing

@testable import Collect

/// Workbooks as programs write them, and as nobody should.
@Suite struct WorkbookTests {
    /// The parts of a workbook with one sheet, whose cells are these rows of XML.
    private static func parts(
        _ rows: String,
        texts: String = "",
        styles: String = ""
    ) -> [(String, String)] {
        let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        return [
            (
                "xl/workbook.xml",
                """
                <?xml version="1.0" encoding="UTF-8"?><workbook xmlns="\(main)" xmlns:r="\(office)">
                <sheets><sheet name="Read &amp; me" sheetId="3" r:id="rId9"/></sheets></workbook>
                """
            ),
            (
                "xl/_rels/workbook.xml.rels",
                """
                <Relationships><Relationship Id="rId9" Type="\(office)/worksheet" Target="worksheets/sheet1.xml"/>
                <Relationship Id="rId2" Type="\(office)/sharedStrings" Target="/xl/sharedStrings.xml"/>
                <Relationship Id="rId3" Type="\(office)/styles" Target="styles.xml"/></Relationships>
                """
            ),
            ("xl/sharedStrings.xml", "<sst>\(texts)</sst>"),
            ("xl/styles.xml", "<styleSheet>\(styles)</styleSheet>"),
            ("xl/worksheets/sheet1.xml", "<worksheet><sheetData>\(rows)</sheetData></worksheet>"),
        ]
    }

    private static func withFile<Answer>(
        _ parts: [(String, String)],
        _ body: (String) throws -> Answer
    ) throws -> Answer {
        let file = URL.temporaryDirectory.appending(path: "balai-\(UUID().uuidString).xlsx")
        try Data(Archive.bytes(parts.map { ($0.0, Array($0.1.utf8)) })).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try body(file.path)
    }

    private static let map = """
        type: T
        id: "urn:x:{a}"
        attributes: {b: {column: b}}
        """

    private static func table(
        _ parts: [(String, String)],
        sheet: String? = nil,
        yaml: String = map
    ) throws -> String {
        try withFile(parts) { path in
            let format = SheetFormat(of: try ColumnMap(yaml: yaml, file: "m"))
            let table = try Workbook(path: path).table(sheet, format: format)
            var bytes: [UInt8] = []
            while true {
                let piece = try table.nextPiece()
                if piece.isEmpty { break }
                bytes += piece
            }
            #expect(bytes.starts(with: [0xEF, 0xBB, 0xBF]))
            return String(decoding: bytes.dropFirst(3), as: UTF8.self)
        }
    }

    private static func refusal(_ parts: [(String, String)], sheet: String? = nil) throws -> String
    {
        do {
            return "read: " + (try table(parts, sheet: sheet))
        } catch let error as SourceError {
            return error.description
        }
    }

    @Test func `cells of all kinds become fields`() throws {
        let rows = """
            <row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>in </t><r><t>line</t></r></is></c>
            <c r="D1" t="str"><f>A1</f><v>x</v></c></row>
            <row r="3"><c r="A3"><v>1.50</v></c><c r="B3" t="b"><v>1</v></c><c r="C3" t="e"><v>#N/A</v></c></row>
            <row r="4"><c r="A4"/><c r="B4" s="1"></c></row>
            <row><c t="s"><v>1</v></c><c><v>-2E-3</v></c></row>
            """
        let texts =
            "<si><t>na,\"me</t></si><si><r><t>two </t></r><r><t xml:space=\"preserve\">&#x1F30A;&lt;</t></r><rPh><t>no</t></rPh></si>"
        #expect(
            try Self.table(Self.parts(rows, texts: texts)) == """
                "na,""me",in line,,x

                1.50,true,#N/A,

                two 🌊<,-2E-3,,

                """
        )
    }

    @Test func `dates are told by their style`() throws {
        let styles = """
            <numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/>
            <numFmt numFmtId="165" formatCode="0.0 &quot;days&quot;"/>
            <numFmt numFmtId="166" formatCode="[h]:mm"/></numFmts>
            <cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
            <cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="20"/></cellXfs>
            """
        func cell(_ column: String, _ style: Int, _ value: String) -> String {
            #"<c r="\#(column)1" s="\#(style)"><v>\#(value)</v></c>"#
        }
        let row =
            #"<row r="1">"# + cell("A", 0, "46053") + cell("B", 1, "46053")
            + cell("C", 2, "46053.354166666664")
            + cell("D", 3, "46053") + cell("E", 4, "1.5") + cell("F", 5, "0.75")
            + cell("G", 1, "59")
            + cell("H", 1, "61") + cell("I", 2, "46053") + "</row>"
        var parts = Self.parts(row, styles: styles)
        #expect(
            try Self.table(parts)
                == "46053,2026-01-31,2026-01-31T08:30:00,46053,1.5,18:00:00,1900-02-28,1900-03-01,2026-01-31T00:00:00\n"
        )
        parts[0].1 = parts[0].1.replacing("<sheets>", with: #"<workbookPr date1904="1"/><sheets>"#)
        #expect(try Self.table(parts).hasPrefix("46053,2030-02-01,"))
    }

    @Test func `a map with a comma for fractions reads numbers of cells and of texts`() throws {
        let rows = """
            <row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="inlineStr"><is><t>b</t></is></c></row>
            <row r="2"><c r="A2"><v>1</v></c><c r="B2"><v>2.5</v></c></row>
            """
        let yaml = Self.map + "\nseparator: \";\"\ndecimal: \",\"\n"
        #expect(try Self.table(Self.parts(rows), yaml: yaml) == "a;b\n1;2,5\n")
    }

    @Test func `a map loads a sheet, with the numbers of its rows in reports`() async throws {
        let rows = """
            <row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="inlineStr"><is><t>b</t></is></c></row>
            <row r="4"><c r="A4"><v>1</v></c><c r="B4" t="inlineStr"><is><t>x</t></is></c></row>
            <row r="6"><c r="B6" t="inlineStr"><is><t>y</t></is></c></row>
            """
        let hub = RecordingHub()
        let source = try Self.withFile(Self.parts(rows)) { path in
            try MappedTable(
                workbook: path,
                sheet: nil,
                map: try ColumnMap(yaml: Self.map, file: "m")
            )
        }
        let tally = try await ImportRun(hub: hub).run(source)
        #expect(hub.ids == ["urn:x:1"])
        #expect(tally.problems.count == 1 && tally.problems[0].line == 6, "\(tally.problems)")
    }

    @Test func `a sheet is found by its name, and a missing one is told with those there are`()
        throws
    {
        let rows = #"<row r="1"><c r="A1"><v>1</v></c></row>"#
        #expect(try Self.table(Self.parts(rows), sheet: "Read & me") == "1\n")
        #expect(try Self.refusal(Self.parts(rows), sheet: "Other").contains("it has `Read & me`"))
    }

    @Test(arguments: [
        #"<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>"#,
        #"<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><worksheet/>"#,
        "<worksheet><sheetData><row><c><v>&secret;</v></c></row></sheetData></worksheet>",
        "<worksheet><sheetData><row><c><v>&#xD800;</v></c></row></sheetData></worksheet>",
        "<worksheet><sheetData>", "<worksheet></sheetData>", "<worksheet a=b/>", "<worksheet <a>",
        "<worksheet><sheetData><row r=\"5\"/><row r=\"4\"/></sheetData></worksheet>",
        "<worksheet><sheetData><row r=\"2000000\"/></sheetData></worksheet>",
        "<worksheet><sheetData><row><c r=\"ZZZZ1\"/></row></sheetData></worksheet>",
        "<worksheet><sheetData><row><c r=\"B1\"/><c r=\"A1\"/></row></sheetData></worksheet>",
        "<worksheet><sheetData><row><c t=\"s\"><v>7</v></c></row></sheetData></worksheet>",
        "\u{FFFD}\u{0}", "",
    ])
    func `a hostile sheet is refused`(sheet: String) throws {
        var parts = Self.parts("")
        parts[4].1 = sheet
        let refusal = try Self.refusal(parts)
        #expect(!refusal.hasPrefix("read: "), "\(refusal)")
        #expect(!refusal.contains("root:"))
    }

    @Test func `tags without end and nesting without end are refused`() throws {
        for sheet in [
            "<a " + String(repeating: "x", count: XMLReader.maximumTokenBytes + 1),
            "<a>" + String(repeating: "x", count: XMLReader.maximumTokenBytes + 1),
            String(repeating: "<a>", count: XMLReader.maximumDepth + 1),
        ] {
            var parts = Self.parts("")
            parts[4].1 = sheet
            #expect(!(try Self.refusal(parts)).hasPrefix("read: "))
        }
    }

    @Test func `texts that fill the memory are refused`() throws {
        let texts = (0..<2_000).map { "<si><t>text \($0)</t></si>" }.joined()
        try Self.withFile(Self.parts("", texts: texts)) { path in
            _ = try Workbook(path: path, memory: ImportMemory(maximumBytes: 1 << 20))
            #expect(throws: SourceError.self) {
                try Workbook(path: path, memory: ImportMemory(maximumBytes: 60_000))
            }
        }
    }

    @Test func `a long text in many cells of a row is refused before it fills the memory`() throws {
        let long = String(repeating: "x", count: 1 << 20)
        let cells = String(repeating: #"<c t="s"><v>0</v></c>"#, count: SheetTable.maximumColumns)
        let parts = Self.parts("<row>\(cells)</row>", texts: "<si><t>\(long)</t></si>")
        #expect(try Self.refusal(parts).contains("row 1 has more than"))
        // One such text alone is a row that can be read.
        let alone = Self.parts(
            #"<row><c t="s"><v>0</v></c></row>"#,
            texts: "<si><t>\(long)</t></si>"
        )
        #expect(try Self.table(alone) == long + "\n")
    }

    @Test func `texts in many pieces are refused while they are read`() throws {
        let piece = "<t>" + String(repeating: "x", count: 1 << 19) + "</t>"
        let pieces = String(repeating: piece, count: 3)
        #expect(
            try Self.refusal(Self.parts("", texts: "<si>\(pieces)</si>"))
                .contains("has a text of more than")
        )
        let row = #"<row><c t="inlineStr"><is>\#(pieces)</is></c></row>"#
        #expect(try Self.refusal(Self.parts(row)).contains("row 1 has more than"))
    }

    @Test func `long formats, and more styles than programs write, are refused`() throws {
        func format(_ length: Int) -> String {
            let code = String(repeating: "y", count: length)
            return #"<numFmts><numFmt numFmtId="164" formatCode="\#(code)"/></numFmts>"#
        }
        func styles(_ count: Int) -> String {
            "<cellXfs>" + String(repeating: #"<xf numFmtId="164"/>"#, count: count) + "</cellXfs>"
        }
        let row = #"<row><c s="65489"><v>46053</v></c></row>"#
        #expect(
            try Self.table(Self.parts(row, styles: format(255) + styles(65_490))) == "2026-01-31\n"
        )
        #expect(
            try Self.refusal(Self.parts(row, styles: format(256))).contains("more than 255")
        )
        #expect(
            try Self.refusal(Self.parts(row, styles: styles(65_491))).contains("more than 65490")
        )
    }

    @Test func `an archive that unpacks to far more than its size is refused`() throws {
        let file = URL.temporaryDirectory.appending(path: "balai-\(UUID().uuidString).xlsx")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(Archive.lineEnds(mebibytes: 200, in: "xl/_rels/workbook.xml.rels")).write(to: file)
        let error = #expect(throws: SourceError.self) { try Workbook(path: file.path) }
        #expect(error != nil)
    }

    @Test(arguments: ["plain text", "\u{D0}\u{CF}"]) func `another file is no workbook`(
        text: String
    ) throws {
        let file = URL.temporaryDirectory.appending(path: "balai-\(UUID().uuidString).xlsx")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(text.utf8).write(to: file)
        let error = #expect(throws: SourceError.self) { try Workbook(path: file.path) }
        #expect(error?.description.contains("A workbook is a `.xlsx` file") == true)
        #expect(throws: SourceError.self) {
            try Self.withFile([("a.txt", "b")]) { try Workbook(path: $0) }
        }
    }
}
