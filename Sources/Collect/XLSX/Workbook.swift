/// A spreadsheet workbook (ECMA-376, `.xlsx`): the names of its sheets, and what their cells refer to.
package final class Workbook {
    /// The most bytes of all texts that cells share.
    static let maximumTextBytes = 256 << 20
    /// The most characters of a format, and the most styles of cells, that spreadsheet programs write.
    static let maximumFormatLength = 255
    static let maximumStyles = 65_490

    private let archive: ZipArchive
    private let file: String
    private var sheets: [(name: String, path: String)] = []
    /// The texts that cells refer to by number.
    private(set) var texts: [String] = []
    /// What cells of a style show of their number, by the number of the style.
    private(set) var styles: [CellStyle] = []
    /// Days between 1970-01-01 and the workbook's first day.
    private(set) var firstDay = SheetDate.days1900

    package init(
        path: String,
        memory: ImportMemory = ImportMemory()
    ) throws(SourceError) {
        file = path.split(separator: "/").last.map(String.init) ?? path
        do throws(SourceError) {
            archive = try ZipArchive(path: path)
        } catch {
            throw SourceError(
                "\(error) A workbook is a `.xlsx` file; save older ones (`.xls`) and protected ones anew."
            )
        }
        let targets = try targets()
        try readSheets(targets)
        if let path = targets.first(where: { $0.type.hasSuffix("/styles") })?.path {
            try readStyles(path)
        }
        if let path = targets.first(where: { $0.type.hasSuffix("/sharedStrings") })?.path {
            try readTexts(path, memory)
        }
    }

    /// The names of the sheets, in order.
    package var sheetNames: [String] { sheets.map(\.name) }

    /// The rows of a sheet, of the first one without a name, as a table of separated fields.
    package func table(
        _ name: String?,
        format: SheetFormat
    ) throws(SourceError) -> any ByteSource {
        let sheet = name == nil ? sheets.first : sheets.first { $0.name == name }
        guard let sheet else {
            let names = sheetNames.map { "`\($0)`" }.joined(separator: ", ")
            throw SourceError("`\(file)` has no sheet `\(name ?? "")`; it has \(names).")
        }
        return SheetTable(
            try source(sheet.path),
            workbook: self,
            name: sheets.count == 1 ? file : "\(file) (\(sheet.name))",
            format: format
        )
    }

    // MARK: Parts

    private struct Target {
        let id: String
        let type: String
        let path: String
    }

    private func source(_ path: String) throws(SourceError) -> any ByteSource {
        guard let source = try archive.entry(named: path) else {
            throw SourceError("`\(file)` is not a workbook: it has no `\(path)`.")
        }
        return source
    }

    /// The parts that the workbook refers to.
    private func targets() throws(SourceError) -> [Target] {
        var targets: [Target] = []
        var xml = XMLReader(try source("xl/_rels/workbook.xml.rels"))
        while let token = try xml.next() {
            guard case .start("Relationship", let attributes) = token else { continue }
            let target = attributes["Target"] ?? ""
            targets.append(
                Target(
                    id: attributes["Id"] ?? "",
                    type: attributes["Type"] ?? "",
                    path: target.hasPrefix("/") ? String(target.dropFirst()) : "xl/" + target
                )
            )
        }
        return targets
    }

    private func readSheets(_ targets: [Target]) throws(SourceError) {
        var xml = XMLReader(try source("xl/workbook.xml"))
        while let token = try xml.next() {
            guard case .start(let name, let attributes) = token else { continue }
            if name == "workbookPr", ["1", "true"].contains(attributes["date1904"]) {
                firstDay = SheetDate.days1904
            }
            guard name == "sheet", let target = targets.first(where: { $0.id == attributes["id"] }),
                // A sheet may be a chart alone.
                target.type.hasSuffix("/worksheet")
            else { continue }
            sheets.append((attributes["name"] ?? "", target.path))
        }
        guard !sheets.isEmpty else { throw SourceError("`\(file)` has no sheet with cells.") }
    }

    private func readStyles(_ path: String) throws(SourceError) {
        var formats: [Int: CellStyle] = [:]
        var isInCells = false
        var xml = XMLReader(try source(path))
        while let token = try xml.next() {
            switch token {
            case .start("numFmt", let attributes):
                if let id = attributes["numFmtId"].flatMap({ Int($0) }),
                    let format = attributes["formatCode"]
                {
                    formats[id] = try style(format)
                    try limitStyles(formats.count)
                }
            case .start("cellXfs", _): isInCells = true
            case .end("cellXfs"): isInCells = false
            case .start("xf", let attributes) where isInCells:
                let id = attributes["numFmtId"].flatMap { Int($0) } ?? 0
                styles.append(formats[id] ?? CellStyle(builtIn: id))
                try limitStyles(styles.count)
            default: break
            }
        }
    }

    private func style(_ format: String) throws(SourceError) -> CellStyle {
        guard format.utf16.count <= Self.maximumFormatLength else {
            throw SourceError(
                "`\(file)` has a format of more than \(Self.maximumFormatLength) characters."
            )
        }
        return CellStyle(format: format)
    }

    private func limitStyles(_ count: Int) throws(SourceError) {
        guard count <= Self.maximumStyles else {
            throw SourceError("`\(file)` has more than \(Self.maximumStyles) formats of cells.")
        }
    }

    private func readTexts(_ path: String, _ memory: ImportMemory) throws(SourceError) {
        var text = ""
        var (isInText, isPhonetic) = (false, false)
        var bytes = 0
        var xml = XMLReader(try source(path))
        while let token = try xml.next() {
            switch token {
            case .start("si", _): text = ""
            case .start("t", _): isInText = true
            case .end("t"): isInText = false
            // How a text is spoken is no part of it.
            case .start("rPh", _): isPhonetic = true
            case .end("rPh"): isPhonetic = false
            case .text(let part) where isInText && !isPhonetic:
                text += part
                guard text.utf8.count <= DelimitedReader.maximumRowBytes else {
                    throw SourceError(
                        "`\(file)` has a text of more than \(DelimitedReader.maximumRowBytes) bytes."
                    )
                }
            case .end("si"):
                texts.append(text)
                bytes += text.utf8.count
                guard bytes <= Self.maximumTextBytes, (try? memory.take(text)) != nil else {
                    throw SourceError(
                        "`\(file)` has more texts than fit into memory; save it as CSV."
                    )
                }
            default: break
            }
        }
    }
}

extension [XMLReader.Attribute] {
    subscript(name: String) -> String? { first { $0.name == name }?.value }
}
