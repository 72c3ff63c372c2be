import ContextModel
import Foundation

extension ColumnMap {
    /// Reads a map, and checks everything that can be checked without the table.
    package init(yaml: String, file: String) throws(SourceError) {
        let root = try MapNode.read(yaml, file: file)
        try self.init(root)
        guard geometry == nil, !isLocationObserved else {
            throw root.wrong("`geometry` and `observed` of a location are for messages of sources.")
        }
        if let several = (attributes + entity).first(where: \.isSeveral) {
            throw root.wrong("`several` of `\(several.name)` is for messages of sources.")
        }
    }

    /// Reads a map that may be a part of another document.
    init(_ root: MapNode) throws(SourceError) {
        var type: String?
        var id: Template?
        var rest: [(String, MapNode)] = []
        for (key, node) in try root.members(Self.keys) {
            switch key {
            case "type": type = try node.text()
            case "id": id = try node.template()
            default: rest.append((key, node))
            }
        }
        guard let type, let id else { throw root.wrong("A map needs `type` and `id`.") }
        self.type = type
        self.id = id
        for (key, node) in rest { try set(key, node) }
        guard !isHistory || time != nil else {
            throw root.wrong("With `history: true` a map needs `time`.")
        }
        guard !isHistory || !attributes.isEmpty else {
            throw root.wrong("With `history: true` a map needs `attributes`.")
        }
        guard isHistory || isCurrent else {
            throw root.wrong("`current: false` needs `history: true`.")
        }
        guard numbers.areDistinct else {
            throw root.wrong("`decimal` and `thousands` are two different characters.")
        }
    }

    private static let keys = [
        "type", "id", "encoding", "separator", "skipRows", "decimal", "thousands", "trim",
        "history", "current", "repeats", "time", "wide", "lookup", "location", "skip", "empty",
        "attributes", "entity",
    ]

    /// The most skipped rows: a table whose header is further down is probably wrong.
    static let maximumSkippedRows = 1_000

    private mutating func set(_ key: String, _ node: MapNode) throws(SourceError) {
        switch key {
        case "separator":
            separator = try node.choice([
                ",": UInt8(ascii: ","), ";": UInt8(ascii: ";"), "|": UInt8(ascii: "|"),
                "\t": UInt8(ascii: "\t"), "tab": UInt8(ascii: "\t"),
            ])
        case "encoding": encoding = try node.choice(among: TextEncoding.names)
        case "skipRows": skippedRows = try node.count(upTo: Self.maximumSkippedRows)
        case "decimal": numbers.hasDecimalComma = try node.choice([",": true, ".": false])
        case "thousands": numbers.thousands = try node.choice(among: NumberStyle.thousandsNames)
        case "trim": keepsBlanks = try !node.flag()
        case "history": isHistory = try node.flag()
        case "current": isCurrent = try node.flag()
        case "repeats": keepsRepeats = try node.choice(["keep": true, "merge": false])
        case "time": time = try Time(node)
        case "wide": wide = try Wide(node)
        case "lookup": lookup = try Lookup(node)
        case "location": try setLocation(node)
        case "skip":
            for element in try node.elements() { skips.append(try Skip(element)) }
        case "empty": emptyTexts = Set(try node.texts())
        case "attributes": attributes = try Self.attributes(node)
        default: entity = try Self.attributes(node)
        }
    }

    private static func attributes(_ node: MapNode) throws(SourceError) -> [Attribute] {
        var attributes: [Attribute] = []
        for (name, member) in try node.members() {
            guard !["id", "type", "@context", "scope", "location"].contains(name) else {
                throw member.wrong("`\(name)` is a key of the map itself or no attribute.")
            }
            attributes.append(try Attribute(name: name, member))
        }
        return attributes
    }
}

extension ColumnMap.Time {
    fileprivate init(_ node: MapNode) throws(SourceError) {
        var value: Template?
        zone = .gmt
        for (key, node) in try node.members(["column", "value", "format", "zone", "dayStartsAt"]) {
            switch key {
            case "column": value = Template(column: try node.text())
            case "value": value = try node.template()
            case "format":
                guard let pattern = TimePattern(try node.text()) else {
                    throw node.wrong("This is not a pattern of a time; see docs/collect.md.")
                }
                self.pattern = pattern
            case "zone":
                guard let zone = TimeZone(identifier: try node.text()) else {
                    throw node.wrong("`\(try node.text())` is not a time zone like Asia/Bangkok.")
                }
                self.zone = zone
            default: dayStartMicroseconds = try Self.timeOfDay(node)
            }
        }
        guard let value else { throw node.wrong("There should be `column` or `value`.") }
        self.value = value
    }

    private static func timeOfDay(_ node: MapNode) throws(SourceError) -> Int64 {
        let text = try node.text()
        let moment = TimePattern("%Y-%m-%d %H:%M")?.read("1970-01-01 \(text)".utf8)
        guard let moment, moment.microsecondsOfDay < 86_400_000_000 else {
            throw node.wrong("`\(text)` is not a time of day like \"06:00\".")
        }
        return moment.microsecondsOfDay
    }
}

extension ColumnMap.Wide {
    fileprivate init(_ node: MapNode) throws(SourceError) {
        var name: String?
        var value: String?
        for (key, node) in try node.members(["columns", "except", "name", "value"]) {
            switch key {
            case "columns": columns = try node.texts()
            case "except": exceptColumns = try node.texts()
            case "name": name = try node.text()
            default: value = try node.text()
            }
        }
        guard let name, let value, columns.isEmpty != exceptColumns.isEmpty else {
            throw node.wrong(
                "There should be `name`, `value` and either `columns` or `except`."
            )
        }
        self.name = name
        self.value = value
    }
}

extension ColumnMap.Lookup {
    fileprivate init(_ node: MapNode) throws(SourceError) {
        var file: String?
        var key: String?
        var match: Template?
        for (name, node) in try node.members(["file", "key", "match"]) {
            switch name {
            case "file": file = try node.text()
            case "key": key = try node.text()
            default: match = try node.template()
            }
        }
        guard let file, let key, let match else {
            throw node.wrong("There should be `file`, `key` and `match`.")
        }
        self.init(file: file, key: key, match: match)
    }
}

extension ColumnMap {
    private mutating func setLocation(_ node: MapNode) throws(SourceError) {
        var latitude: Source?
        var longitude: Source?
        var isLongitudeFirst = false
        let keys = ["latitude", "longitude", "coordinates", "order", "geometry", "observed"]
        for (key, node) in try node.members(keys) {
            switch key {
            case "coordinates": coordinates = Coordinates(text: Template(column: try node.text()))
            case "order":
                isLongitudeFirst = try node.choice([
                    "latitude longitude": false, "longitude latitude": true,
                ])
            case "latitude": latitude = try Self.degrees(node)
            case "longitude": longitude = try Self.degrees(node)
            case "geometry": geometry = try node.text()
            default: isLocationObserved = try node.flag()
            }
        }
        coordinates?.isLongitudeFirst = isLongitudeFirst
        switch (latitude, longitude, coordinates, geometry) {
        case (let latitude?, let longitude?, nil, nil):
            location = Place(latitude: latitude, longitude: longitude)
        case (nil, nil, _?, nil), (nil, nil, nil, _?): break
        default:
            throw node.wrong(
                "There should be `latitude` and `longitude`, `coordinates`, or `geometry`."
            )
        }
    }

    private static func degrees(_ node: MapNode) throws(SourceError) -> Source {
        if case .number(let text)? = node.scalar { return .constant(Array(text.utf8)) }
        return .template(Template(column: try node.text()))
    }
}

extension ColumnMap.Skip {
    fileprivate init(_ node: MapNode) throws(SourceError) {
        var column: String?
        var texts: Set<String> = [""]
        for (key, node) in try node.members(["column", "equals"]) {
            if key == "column" { column = try node.text() } else { texts = Set(try node.texts()) }
        }
        guard let column else { throw node.wrong("There should be `column`.") }
        self.init(column: column, texts: texts)
    }
}

extension ColumnMap.Attribute {
    fileprivate init(name: String, _ node: MapNode) throws(SourceError) {
        var source: ColumnMap.Source?
        self.name = name
        self.source = .constant([])
        for (key, node) in try node.members(Self.keys) {
            switch key {
            case "column": source = .template(Template(column: try node.text()))
            case "text": source = .template(try node.template())
            case "constant": source = .constant(try Self.json(node))
            case "as":
                guard let conversion = ColumnMap.Conversion(rawValue: try node.text()) else {
                    let known = ColumnMap.Conversion.allCases.map { "`\($0.rawValue)`" }
                    throw node.wrong(
                        "`\(try node.text())` is not one of \(known.joined(separator: ", "))."
                    )
                }
                self.conversion = conversion
                isConverted = true
            case "unitCode": unitCode = try node.text()
            case "missing": missing = try Self.json(node)
            case "several": isSeveral = try node.flag()
            default: isObserved = try node.flag()
            }
        }
        guard let source else {
            throw node.wrong("There should be `column`, `text` or `constant`.")
        }
        self.source = source
        guard !isSeveral || conversion == .relationship && Self.hasOneCell(source) else {
            throw node.wrong("`several` is for `as: relationship` with one cell.")
        }
    }

    private static func hasOneCell(_ source: ColumnMap.Source) -> Bool {
        guard case .template(let template) = source else { return false }
        return template.parts.count { if case .column = $0 { true } else { false } } == 1
    }

    private static let keys = [
        "column", "text", "constant", "as", "unitCode", "observed", "missing", "several",
    ]

    private static func json(_ node: MapNode) throws(SourceError) -> [UInt8] {
        switch node.scalar {
        case .number(let text): Array(text.utf8)
        case .flag(let flag): JSONValue.bool(flag).serialized
        case .text(let text): JSONValue.string(text).serialized
        case nil: throw node.wrong("A constant is a number, a text, true or false.")
        }
    }
}
