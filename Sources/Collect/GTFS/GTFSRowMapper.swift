import ContextModel

/// What all entities of a feed have in common.
struct GTFSNames: Sendable {
    /// Tells the feed's entities from those of other feeds.
    let feed: String
    /// Who publishes the feed.
    let source: String?

    /// The identifier of an entity of the feed.
    func id(_ type: String, _ key: [String]) -> String {
        var id = "urn:ngsi-ld:\(type):\(EntityName.percentEncoded(feed))"
        for part in key {
            id += ":"
            id += EntityName.percentEncoded(part)
        }
        return id
    }
}

/// Maps the rows of one file of a feed to entities.
struct GTFSRowMapper {
    private let names: GTFSNames
    private let table: GTFSTable
    private let keyColumns: [Int]
    private let attributes: [(attribute: GTFSTable.Attribute, column: Int, second: Int)]
    private let locationType: Int?
    private var seenKeys: Set<String> = []

    /// Finds the table's columns in the header; those a feed does without are left out.
    init(_ table: GTFSTable, names: GTFSNames, columns: Table) throws(SourceError) {
        self.names = names
        self.table = table
        var keyColumns: [Int] = []
        for column in table.key { keyColumns.append(try columns.requiredIndex(of: column)) }
        self.keyColumns = keyColumns
        attributes = table.attributes.compactMap { attribute in
            let (first, second) = attribute.columns
            guard let column = columns.index(of: first) else { return nil }
            guard let second else { return (attribute, column, column) }
            return columns.index(of: second).map { (attribute, column, $0) }
        }
        locationType = table.type == "GtfsStop" ? columns.index(of: "location_type") : nil
    }

    /// Writes the entity of the row and answers its identifier.
    mutating func write(
        _ row: DelimitedRow,
        to writer: inout JSONWriter
    ) throws(RowRefusal) -> String {
        var key: [String] = []
        for column in keyColumns {
            let text = row.text(column)
            guard !text.isEmpty else {
                throw RowRefusal(column: column, reason: "The key is empty.")
            }
            key.append(text)
        }
        let type = type(of: row)
        let id = names.id(type, key)
        guard !table.checksKeys || seenKeys.insert(id).inserted else {
            throw RowRefusal(
                column: keyColumns[0],
                reason: "`\(key.joined(separator: ", "))` was given in an earlier row."
            )
        }
        writer.beginEntity(id: id, type: type)
        for (attribute, column, second) in attributes where !row[column].isEmpty {
            try write(attribute, row, column, second, to: &writer)
        }
        if let source = names.source { writer.property("source", source) }
        writer.endObject()
        return id
    }

    /// A row of `stops.txt` is a stop, a station or an entrance.
    private func type(of row: DelimitedRow) -> String {
        switch locationType.map(row.text) {
        case "1": "GtfsStation"
        case "2": "GtfsAccessPoint"
        default: table.type
        }
    }

    private func write(
        _ attribute: GTFSTable.Attribute,
        _ row: DelimitedRow,
        _ column: Int,
        _ second: Int,
        to writer: inout JSONWriter
    ) throws(RowRefusal) {
        let text = row.text(column)
        switch attribute {
        case .text(let name, _): writer.property(name, text)
        case .number(let name, _):
            let number = try Self.number(text, column)
            writer.property(name) { $0.number(number) }
        case .flag(let name, _):
            guard text == "0" || text == "1" else {
                throw RowRefusal(column: column, reason: "`\(text)` is neither 0 nor 1.")
            }
            writer.property(name) { $0.bool(text == "1") }
        case .date(let name, _): writer.property(name, try Self.date(text, column))
        case .time(let name, _): writer.property(name, try Self.time(text, column))
        case .reference(let name, _, let type):
            writer.relationship(name, names.id(type, [text]))
        case .place(let name, _, _):
            let latitude = try Self.degrees(text, column, limit: 90)
            let longitude = try Self.degrees(row.text(second), second, limit: 180)
            writer.point(name, longitude: longitude, latitude: latitude)
        }
    }
}

// MARK: - Values

extension GTFSRowMapper {
    private static func number(_ text: String, _ column: Int) throws(RowRefusal) -> JSONNumber {
        guard let number = NumberText.read(text) else {
            throw RowRefusal(column: column, reason: "`\(text)` is not a number.")
        }
        return number
    }

    /// An angle within the limit on both sides.
    static func degrees(
        _ text: String,
        _ column: Int,
        limit: Double
    ) throws(RowRefusal) -> JSONNumber {
        let number = try number(text, column)
        guard abs(number.doubleValue) <= limit else {
            throw RowRefusal(column: column, reason: "`\(text)` is beyond \(Int(limit)) degrees.")
        }
        return number
    }

    private static func date(_ text: String, _ column: Int) throws(RowRefusal) -> String {
        let date = "\(text.prefix(4))-\(text.dropFirst(4).prefix(2))-\(text.dropFirst(6))"
        guard CivilDate(date) != nil else {
            throw RowRefusal(column: column, reason: "`\(text)` is not a day like 20260131.")
        }
        return date
    }

    private static func time(_ text: String, _ column: Int) throws(RowRefusal) -> String {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let isTime =
            parts.count == 3 && (1...3).contains(parts[0].count)
            && parts[1...].allSatisfy { $0.count == 2 && $0.utf8[$0.startIndex] < 0x36 }
            && parts.allSatisfy { $0.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } }
        guard isTime else {
            throw RowRefusal(column: column, reason: "`\(text)` is not a time like 06:30:00.")
        }
        return parts[0].count == 1 ? "0" + text : text
    }
}

extension GTFSTable.Attribute {
    /// The columns the attribute is made of.
    fileprivate var columns: (String, String?) {
        switch self {
        case .text(_, let column), .number(_, let column), .flag(_, let column),
            .date(_, let column), .time(_, let column), .reference(_, let column, _):
            (column, nil)
        case .place(_, let latitude, let longitude): (latitude, longitude)
        }
    }
}
