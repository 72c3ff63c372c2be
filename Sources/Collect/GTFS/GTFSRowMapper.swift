import ContextModel

/// The values that all entities of a feed have in common.
struct GTFSNames: Sendable {
    /// The name of the feed, which is in the identifiers of its entities.
    let feed: String
    /// The publisher of the feed.
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
    /// A reference to an entity that was not written.
    struct Dangling {
        var name: String
        var target: String
        var column: Int
        /// Whether a later row of the same file may be its target.
        var mayComeLater: Bool

        fileprivate init(_ name: String, to target: String, _ column: Int, mayComeLater: Bool) {
            self.name = name
            self.target = target
            self.column = column
            self.mayComeLater = mayComeLater
        }
    }

    private let names: GTFSNames
    private let table: GTFSTable
    private let references: GTFSReferences
    private let keyColumns: [Int]
    /// The columns of optional keys; nil for one that the file does not have.
    private let optionalKeyColumns: [Int?]
    private let spareKeyColumn: Int?
    private let attributes: [(attribute: GTFSTable.Attribute, column: Int, second: Int)]
    private let locationType: Int?
    /// The name of the only agency, for routes that name none.
    private let agencyName: String?

    /// Finds the table's columns in the header; columns that the feed does not have are left out.
    init(
        _ table: GTFSTable,
        names: GTFSNames,
        _ references: GTFSReferences,
        columns: Table
    ) throws(SourceError) {
        self.names = names
        self.table = table
        self.references = references
        var keyColumns: [Int] = []
        for column in table.key { keyColumns.append(try columns.requiredIndex(of: column)) }
        self.keyColumns = keyColumns
        var optional: [Int?] = []
        for column in table.optionalKey { optional.append(try columns.index(of: column)) }
        optionalKeyColumns = optional
        spareKeyColumn = try table.spareKey.flatMap { (spare) throws(SourceError) in
            try columns.index(of: spare)
        }
        attributes = try Self.attributes(of: table, in: columns)
        let isStops = table.type == "GtfsStop"
        locationType = isStops ? try columns.index(of: "location_type") : nil
        agencyName =
            table.attributes.lazy.compactMap { attribute in
                if case .reference(let name, _, "GtfsAgency") = attribute { name } else { nil }
            }.first
    }

    private static func attributes(
        of table: GTFSTable,
        in columns: Table
    ) throws(SourceError) -> [(attribute: GTFSTable.Attribute, column: Int, second: Int)] {
        var found: [(attribute: GTFSTable.Attribute, column: Int, second: Int)] = []
        for attribute in table.attributes {
            let (first, second) = attribute.columns
            guard let column = try columns.index(of: first) else { continue }
            guard let second else {
                found.append((attribute, column, column))
                continue
            }
            if let other = try columns.index(of: second) {
                found.append((attribute, column, other))
            }
        }
        return found
    }

    /// Writes the entity of the row; returns its identifier and its references to entities that
    /// were not written so far.
    func write(
        _ row: DelimitedRow,
        to writer: inout JSONWriter
    ) throws(RowRefusal) -> (id: String, dangling: [Dangling]) {
        let key = try key(of: row)
        let type = type(of: row)
        let id = names.id(type, key)
        guard !table.checksKeys || !references.isWritten(id) else {
            let given = key.filter { !$0.isEmpty }.joined(separator: ", ")
            throw RowRefusal(
                column: keyColumns.first ?? optionalKeyColumns.lazy.compactMap(\.self).first,
                reason: "`\(given)` was given in an earlier row."
            )
        }
        writer.beginEntity(id: id, type: type)
        var dangling: [Dangling] = []
        var hasAgency = false
        for (attribute, column, second) in attributes where !row[column].isEmpty {
            try write(attribute, row, column, second, to: &writer)
            guard case .reference(let name, _, let target) = attribute else { continue }
            if target == "GtfsAgency" { hasAgency = true }
            let entity = self.target(target, row.text(column), of: row)
            guard !references.isWritten(entity), entity != id else { continue }
            let mayComeLater = table.file == "stops.txt"
            dangling.append(.init(name, to: entity, column, mayComeLater: mayComeLater))
        }
        if !hasAgency, let agencyName, let agency = references.onlyAgency {
            writer.relationship(agencyName, agency)
        }
        if let source = names.source { writer.property("source", source) }
        writer.endObject()
        if table.checksKeys { _ = try references.note(id, type: type) }
        return (id, dangling)
    }

    /// The key of the row, which distinguishes it from all others.
    private func key(of row: DelimitedRow) throws(RowRefusal) -> [String] {
        var key: [String] = []
        for column in keyColumns {
            let text = row.text(column)
            guard !text.isEmpty else {
                throw RowRefusal(column: column, reason: "The key is empty.")
            }
            key.append(text)
        }
        key += optionalKeyColumns.map { $0.map(row.text) ?? "" }
        while key.last == "" { key.removeLast() }
        if !key.isEmpty { return key }
        guard table.spareKey != nil else { throw RowRefusal(reason: "The key is empty.") }
        let spare = spareKeyColumn.map(row.text) ?? ""
        return [spare.isEmpty ? names.feed : spare]
    }

    /// The type of the row: a stop, a station or an entrance in `stops.txt`.
    private func type(of row: DelimitedRow) -> String {
        table.type == "GtfsStop"
            ? GTFSReferences.stopType(locationType.map(row.text)) : table.type
    }

    /// The entity that a reference leads to.
    private func target(_ type: String, _ key: String, of row: DelimitedRow) -> String {
        guard type == "GtfsStop" || type == "GtfsStation" else { return names.id(type, [key]) }
        // A boarding area belongs to a platform; everything else in a station belongs to the
        // station.
        let isBoardingArea = locationType.map(row.text) == "4"
        let usual = isBoardingArea ? "GtfsStop" : type
        return names.id(references.type(ofStop: key, otherwise: usual), [key])
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
            writer.relationship(name, target(type, text, of: row))
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

    /// Reads an angle within the limit on both sides.
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
    /// The columns from which the attribute is made.
    fileprivate var columns: (String, String?) {
        switch self {
        case .text(_, let column), .number(_, let column), .flag(_, let column),
            .date(_, let column), .time(_, let column), .reference(_, let column, _):
            (column, nil)
        case .place(_, let latitude, let longitude): (latitude, longitude)
        }
    }
}
