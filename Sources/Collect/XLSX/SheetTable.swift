/// How a sheet is written as a table: as the map that reads it expects tables.
package struct SheetFormat: Sendable {
    let separator: UInt8
    let hasDecimalComma: Bool

    package init(of map: ColumnMap) {
        separator = map.separator
        hasDecimalComma = map.numbers.hasDecimalComma
    }
}

/// The rows of a sheet as a table of separated fields, a line for each row, while they are read.
///
/// Numbers keep their digits, dates become texts in ISO 8601 without a zone, and a formula counts as the
/// result that was saved with it. Rows without content become empty lines, so that lines have the
/// numbers of rows.
final class SheetTable: ByteSource {
    static let pieceBytes = 1 << 18
    /// The most rows and columns that sheets have.
    static let maximumRows = 1_048_576
    static let maximumColumns = 16_384

    let name: String
    /// The length of the table is known at its end.
    let byteCount: Int? = nil
    private var xml: XMLReader
    private let workbook: Workbook
    private let format: SheetFormat
    private var rowsWritten = 0
    /// The fields of the longest row so far: cells without content at the end of a row are not in the file.
    private var width = 0
    private var isAtStart = true
    private var isAtEnd = false

    init(
        _ sheet: any ByteSource,
        workbook: Workbook,
        name: String,
        format: SheetFormat
    ) {
        xml = XMLReader(sheet)
        self.workbook = workbook
        self.name = name
        self.format = format
    }

    func nextPiece() throws(SourceError) -> [UInt8] {
        // The mark says that the text is UTF-8, whatever the map says of other files.
        var piece: [UInt8] = isAtStart ? [0xEF, 0xBB, 0xBF] : []
        isAtStart = false
        while !isAtEnd, piece.count < Self.pieceBytes {
            guard let token = try xml.next() else {
                isAtEnd = true
                break
            }
            guard case .start("row", let attributes) = token else { continue }
            let number = attributes["r"].flatMap { Int($0) } ?? rowsWritten + 1
            guard number > rowsWritten, number <= Self.maximumRows else {
                throw SourceError(
                    "`\(name)`: row \(attributes["r"] ?? "") is not where it belongs."
                )
            }
            piece += [UInt8](repeating: 0x0A, count: number - rowsWritten - 1)
            rowsWritten = number
            try append(try cells(), to: &piece)
        }
        return piece
    }

    // MARK: Cells

    /// The texts of the cells of a row, up to its end.
    ///
    /// Many cells may refer to one long text, so their bytes are added up before the row is written.
    private func cells() throws(SourceError) -> [String] {
        var cells: [String] = []
        var bytes = 0
        while let token = try xml.next(), token != .end("row") {
            guard case .start("c", let attributes) = token else { continue }
            let column = try column(attributes["r"]) ?? cells.count
            guard column >= cells.count, column < Self.maximumColumns else {
                throw SourceError(
                    "`\(name)`: cell \(attributes["r"] ?? "") is not where it belongs."
                )
            }
            cells += [String](repeating: "", count: column - cells.count)
            let text = try cell(attributes)
            bytes += text.utf8.count
            try limit(bytes)
            cells.append(text)
        }
        return cells
    }

    /// Refuses a row, or a cell, of more bytes than rows of tables may have.
    private func limit(_ bytes: Int) throws(SourceError) {
        guard bytes <= DelimitedReader.maximumRowBytes else {
            throw SourceError(
                "`\(name)`: row \(rowsWritten) has more than \(DelimitedReader.maximumRowBytes) bytes."
            )
        }
    }

    /// The index of the column in a reference such as `AB12`.
    private func column(_ reference: String?) throws(SourceError) -> Int? {
        guard let reference else { return nil }
        var column = 0
        for byte in reference.utf8.prefix(while: { $0 >= 0x41 && $0 <= 0x5A }).prefix(4) {
            column = column * 26 + Int(byte - 0x40)
        }
        guard column > 0 else { throw SourceError("`\(name)`: there is no cell `\(reference)`.") }
        return column - 1
    }

    /// The text of a cell, up to its end.
    private func cell(_ attributes: [XMLReader.Attribute]) throws(SourceError) -> String {
        var (value, inline) = ("", "")
        var element = ""
        var isPhonetic = false
        while let token = try xml.next(), token != .end("c") {
            switch token {
            case .start(let name, _):
                element = name
                if name == "rPh" { isPhonetic = true }
            case .end(let name):
                element = ""
                if name == "rPh" { isPhonetic = false }
            case .text(let text) where element == "v": value += text
            case .text(let text) where element == "t" && !isPhonetic: inline += text
            case .text: break
            }
            try limit(value.utf8.count + inline.utf8.count)
        }
        switch attributes["t"] ?? "n" {
        case "s":
            guard let index = Int(value), workbook.texts.indices.contains(index) else {
                throw SourceError("`\(name)`: a cell refers to a text that is not in the workbook.")
            }
            return workbook.texts[index]
        case "inlineStr": return inline
        case "b": return value == "1" ? "true" : value == "0" ? "false" : value
        case "n": return number(value, attributes["s"])
        default: return value
        }
    }

    private func number(_ text: String, _ style: String?) -> String {
        if let style = style.flatMap({ Int($0) }), workbook.styles.indices.contains(style),
            let serial = Double(text),
            let date = SheetDate.text(serial, workbook.styles[style], firstDay: workbook.firstDay)
        {
            return date
        }
        return format.hasDecimalComma ? text.replacing(".", with: ",") : text
    }

    // MARK: Fields

    /// Writes a row; one without content as an empty line.
    private func append(_ cells: [String], to piece: inout [UInt8]) throws(SourceError) {
        width = max(width, cells.count)
        if cells.contains(where: { !$0.isEmpty }) {
            for column in 0..<width {
                if column > 0 { piece.append(format.separator) }
                if column < cells.count { append(cells[column], to: &piece) }
            }
        }
        piece.append(0x0A)
    }

    private func append(_ cell: String, to piece: inout [UInt8]) {
        let mustBeQuoted = cell.utf8.contains {
            $0 == 0x22 || $0 == 0x0A || $0 == 0x0D || $0 == format.separator || $0 == 0x3D
        }
        guard mustBeQuoted else { return piece += Array(cell.utf8) }
        piece.append(0x22)
        for byte in cell.utf8 {
            if byte == 0x22 { piece.append(0x22) }
            piece.append(byte)
        }
        piece.append(0x22)
    }
}

extension MappedTable {
    /// A sheet of a workbook, its first one unless another one is named.
    package init(
        workbook path: String,
        sheet: String?,
        map: ColumnMap,
        memory: ImportMemory = ImportMemory()
    ) throws(SourceError) {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        try self.init(workbook: path, sheet: sheet, map: map, memory: memory) {
            (file) throws(SourceError) in
            try FileBytes(path: (folder + [file[...]]).joined(separator: "/"))
        }
    }

    /// `open` returns the lookup table of the map.
    package init(
        workbook path: String,
        sheet: String?,
        map: ColumnMap,
        memory: ImportMemory = ImportMemory(),
        open: (String) throws(SourceError) -> any ByteSource
    ) throws(SourceError) {
        let table = try Workbook(path: path, memory: memory)
            .table(sheet, format: SheetFormat(of: map))
        try self.init(table, map: map, memory: memory, open: open)
    }
}
