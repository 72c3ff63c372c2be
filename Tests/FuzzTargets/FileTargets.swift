import Archives
import Collect
import ContextModel
import Foundation

/// Files that people import: archives, workbooks and features.
extension FuzzTarget {
    static let fileTargets = [archive, workbook, sheet, features]

    /// As much of a file as is looked at: a row far down makes a million empty lines before it.
    private static let mostBytes = 1 << 20

    /// Calls the body with the path of a file that has these bytes.
    private static func withFile<Answer>(
        _ bytes: [UInt8],
        _ body: (String) throws(SourceError) -> Answer
    ) throws(BrokenPromise) -> Answer? {
        let file = URL.temporaryDirectory.appending(path: "balai-fuzz-\(UUID().uuidString)")
        do { try Data(bytes).write(to: file) } catch {
            throw BrokenPromise("the file cannot be written: \(error)")
        }
        defer { try? FileManager.default.removeItem(at: file) }
        do throws(SourceError) { return try body(file.path) } catch {
            if error.description.isEmpty { throw BrokenPromise("A complaint about nothing") }
            return nil
        }
    }

    /// The beginning of what the source has, in pieces of its own choice.
    private static func content(of source: any ByteSource) throws(SourceError) -> [UInt8] {
        var content: [UInt8] = []
        while content.count < mostBytes {
            let piece = try source.nextPiece()
            if piece.isEmpty { break }
            content += piece
        }
        return content
    }

    // MARK: Archives

    /// An archive is opened with all its entries, and they are the same each time.
    private static let archive = FuzzTarget(
        "zip",
        bytes: [
            Archive.bytes([("stops.txt", Array("stop_id\na\n".utf8)), ("f/routes.txt", [])]),
            Archive.bytes(parts(of: sheetSeeds[0])),
        ]
    ) { bytes throws(BrokenPromise) in
        let first = try withFile(bytes, entries)
        let again = try withFile(bytes, entries)
        try BrokenPromise.unlessSame(first, .some(again), "The entries")
        return first != nil
    }

    private static func entries(of path: String) throws(SourceError) -> [[UInt8]] {
        let archive = try ZipArchive(path: path)
        var contents: [[UInt8]] = []
        for name in archive.entryNames {
            guard let entry = try archive.entry(named: name) else { continue }
            contents.append(try content(of: entry))
        }
        return contents
    }

    // MARK: Workbooks

    /// The bytes of a workbook, as a stranger sends them.
    private static let workbook = FuzzTarget(
        "xlsx",
        bytes: sheetSeeds.map { Archive.bytes(parts(of: $0)) }
    ) { bytes throws(BrokenPromise) in try readSheets(bytes) }

    /// The parts of a workbook, of which an archive without faults is made: so damage reaches those who read them, and
    /// not their checksums alone.
    private static let sheet = FuzzTarget("xlsx-parts", bytes: sheetSeeds) {
        bytes throws(BrokenPromise) in try readSheets(Archive.bytes(parts(of: bytes)))
    }

    /// Whether all sheets can be read; what is read is the same each time.
    private static func readSheets(_ bytes: [UInt8]) throws(BrokenPromise) -> Bool {
        let first = try withFile(bytes, tables)
        let again = try withFile(bytes, tables)
        try BrokenPromise.unlessSame(first, .some(again), "The sheets")
        return first?.isEmpty == false
    }

    private static func tables(of path: String) throws(SourceError) -> [[UInt8]] {
        let map = try ColumnMap(yaml: "type: T\nid: x\n", file: "m.yaml")
        let workbook = try Workbook(path: path)
        var tables: [[UInt8]] = []
        for name in workbook.sheetNames {
            let table = try workbook.table(name, format: SheetFormat(of: map))
            tables.append(try content(of: table))
        }
        return tables
    }

    private static let partNames = [
        "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml", "xl/styles.xml",
        "xl/worksheets/sheet1.xml",
    ]

    /// The parts, which a byte 0 separates.
    private static func parts(of bytes: [UInt8]) -> [(name: String, content: [UInt8])] {
        let contents = bytes.split(separator: 0, omittingEmptySubsequences: false)
        return zip(partNames, contents).map { ($0, Array($1)) }
    }

    private static let sheetTexts: [[String]] = [
        [
            """
            <?xml version="1.0"?><workbook><workbookPr date1904="1"/>
            <sheets><sheet name="A &amp; b" sheetId="1" r:id="r1"/></sheets></workbook>
            """,
            """
            <Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>
            <Relationship Id="r2" Type="x/sharedStrings" Target="/xl/sharedStrings.xml"/>
            <Relationship Id="r3" Type="x/styles" Target="styles.xml"/></Relationships>
            """,
            "<sst><si><t>na,\"me</t></si><si><r><t>two </t></r><r><t>&#x1F30A;</t></r></si></sst>",
            """
            <styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm"/></numFmts>
            <cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="14"/></cellXfs></styleSheet>
            """,
            """
            <worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c t="s"><v>1</v></c></row>
            <row r="3"><c r="A3"><v>1.50</v></c><c r="B3" t="b"><v>1</v></c><c r="C3" t="e"><v>#N/A</v></c>
            <c r="D3" s="1"><v>46053.25</v></c><c t="inlineStr"><is><t>in</t></is></c></row></sheetData></worksheet>
            """,
        ],
        [
            #"<workbook><sheets><sheet name="One" r:id="a"/></sheets></workbook>"#,
            #"<Relationships><Relationship Id="a" Type="x/worksheet" Target="/xl/worksheets/sheet1.xml"/></Relationships>"#,
            "", "", "<worksheet><sheetData><row><c><v>-2E-3</v></c></row></sheetData></worksheet>",
        ],
    ]

    private static let sheetSeeds = sheetTexts.map { texts in
        Array(texts.map { Array($0.utf8) }.joined(separator: [0]))
    }

    // MARK: Features

    /// The features are the same for any pieces of the file.
    private static let features = FuzzTarget(
        "features",
        bytes: [
            #"{"type":"FeatureCollection","name":"x","features":[{"type":"Feature","id":7,"properties":{"a":"{[","b":1},"#
                + #""geometry":{"type":"Point","coordinates":[98.39,7.88]}}, {"type":"Feature","id":"b","geometry":null}]}"#,
            "\u{1E}{\"type\":\"Feature\",\"id\":1,\"properties\":{\"n\":null}}\n\u{1E}{\"type\":\"Feature\",\"id\":2}\n",
            "{\"type\":\"Feature\",\"id\":\"\\\"x\",\"properties\":{\"type\":\"Road\"}}\n\n{\"type\":\"Feature\",\"id\":2}\n",
        ].map { Array($0.utf8) }
    ) { bytes throws(BrokenPromise) in
        let whole = entities(of: bytes, pieceBytes: 1 << 16)
        try BrokenPromise.unlessSame(whole, entities(of: bytes, pieceBytes: 1), "Features")
        return whole.allSatisfy { $0.hasPrefix("{") } && !whole.isEmpty
    }

    /// The entities, and the problems with their places.
    private static func entities(of bytes: [UInt8], pieceBytes: Int) -> [String] {
        var found: [String] = []
        do throws(SourceError) {
            var file = FeatureFile(
                MemoryBytes(bytes, name: "f.geojson", pieceBytes: pieceBytes),
                names: try FeatureNames(type: "T", id: nil)
            )
            while true {
                var batch = ImportBatch()
                guard try file.next(into: &batch) else { return found }
                found += batch.problems.map(\.description)
                for request in batch.requests() {
                    found.append(String(decoding: request.body.dropFirst(), as: UTF8.self))
                }
            }
        } catch {
            return found + [error.description]
        }
    }
}
