import ContextModel

/// Maps the rows of one table as a map says.
struct RowMapper {
    private let map: ColumnMap
    private let fields: RowFields
    private let id: RowFields.Text
    private let time: RowFields.Text?
    private let match: RowFields.Text?
    private let lookup: LookupTable?
    private let measured: [CellWriter.Field]
    private let described: [CellWriter.Field]
    private let place: (latitude: CellWriter.Field, longitude: CellWriter.Field)?
    private let skips: [(column: Int, texts: Set<String>)]
    private let wideColumns: [Int]
    private var writer: CellWriter
    private var clock: LocalClock
    private var moments = RepeatedMoments()
    private var describedIDs: Set<String> = []

    init(_ map: ColumnMap, table: Table, lookup: LookupTable?) throws(SourceError) {
        let fields = RowFields(
            table: table,
            wide: map.wide,
            lookedColumns: lookup?.columns ?? []
        )
        self.map = map
        self.fields = fields
        self.lookup = lookup
        id = try fields.find(map.id)
        time = try map.time.map { (time) throws(SourceError) in try fields.find(time.value) }
        match = try map.lookup.map { (lookup) throws(SourceError) in
            try fields.find(lookup.match)
        }
        measured = try Self.find(map.attributes, in: fields)
        described = try Self.find(map.entity, in: fields)
        place = try map.location.map { (place) throws(SourceError) in
            let found = try Self.find(
                [("latitude", place.latitude), ("longitude", place.longitude)].map {
                    ColumnMap.Attribute(name: $0.0, source: $0.1)
                },
                in: fields
            )
            return (found[0], found[1])
        }
        var skips: [(column: Int, texts: Set<String>)] = []
        for skip in map.skips {
            skips.append((try table.requiredIndex(of: skip.column), skip.texts))
        }
        self.skips = skips
        wideColumns = try Self.wideColumns(map.wide, table)
        clock = map.time.map { LocalClock($0.zone) } ?? .utc
        writer = CellWriter(
            hasDecimalComma: map.hasDecimalComma,
            emptyTexts: map.emptyTexts,
            clock: clock
        )
    }

    private static func find(
        _ attributes: [ColumnMap.Attribute],
        in fields: RowFields
    ) throws(SourceError) -> [CellWriter.Field] {
        var found: [CellWriter.Field] = []
        for attribute in attributes {
            var text: RowFields.Text?
            if case .template(let template) = attribute.source { text = try fields.find(template) }
            found.append(.init(attribute: attribute, text: text))
        }
        return found
    }

    private static func wideColumns(
        _ wide: ColumnMap.Wide?,
        _ table: Table
    ) throws(SourceError) -> [Int] {
        guard let wide else { return [] }
        var named: [Int] = []
        for name in wide.columns + wide.exceptColumns {
            named.append(try table.requiredIndex(of: name))
        }
        guard wide.columns.isEmpty else { return named }
        let rest = table.columns.indices.filter { !named.contains($0) }
        guard !rest.isEmpty else { throw SourceError("`wide` leaves no column of the table.") }
        return rest
    }
}

// MARK: - Rows

extension RowMapper {
    /// Maps the row found last into the batch.
    mutating func map(_ table: borrowing Table, into batch: inout ImportBatch) {
        let row = table.row
        for skip in skips where skip.texts.contains(row.text(skip.column)) { return }
        do throws(RowRefusal) {
            let reading = try observed(row)
            if wideColumns.isEmpty {
                try mapCell(table, .init(), try place(reading, in: nil, row), into: &batch)
            } else {
                // All cells of a row are of one moment, which is placed once.
                let moment = try place(reading, in: "", row)
                for column in wideColumns {
                    do throws(RowRefusal) {
                        try mapCell(table, .init(column: column), moment, into: &batch)
                    } catch {
                        let refusal = RowRefusal(
                            column: error.column ?? column,
                            reason: error.reason
                        )
                        batch.add(table.problem(refusal))
                    }
                }
            }
        } catch {
            batch.add(table.problem(error))
        }
    }

    /// When the row says it was observed.
    private mutating func observed(
        _ row: DelimitedRow
    ) throws(RowRefusal) -> LocalClock.Reading? {
        guard let time, let rules = map.time else { return nil }
        let column = time.firstColumn
        guard let text = fields.text(time, row, .init()) else {
            throw RowRefusal(column: column, reason: "The time is empty.")
        }
        guard var moment = rules.pattern.read(text.utf8) else {
            throw RowRefusal(column: column, reason: "`\(text)` is not a time as the map has it.")
        }
        if moment.microsecondsOfDay < rules.dayStartMicroseconds { moment.day += 1 }
        return clock.reading(of: moment)
    }

    /// The moment in UTC, kept apart from others if the map wants that.
    private mutating func place(
        _ reading: LocalClock.Reading?,
        in series: String?,
        _ row: DelimitedRow
    ) throws(RowRefusal) -> Timestamp? {
        guard let reading else { return nil }
        guard map.keepsRepeats else { return Timestamp(microseconds: reading.microseconds) }
        let series = series ?? fields.text(id, row, .init(), percentEncoding: true) ?? ""
        return Timestamp(microseconds: try moments.place(reading, in: series))
    }

    /// Maps one cell of a wide table, or the whole row of another.
    private mutating func mapCell(
        _ table: borrowing Table,
        _ cell: RowFields.Cell,
        _ moment: Timestamp?,
        into batch: inout ImportBatch
    ) throws(RowRefusal) {
        let row = table.row
        guard let entityID = fields.text(id, row, cell, percentEncoding: true) else {
            throw RowRefusal(
                column: id.firstColumn,
                reason: "A part of the identifier is empty."
            )
        }
        let origin = HubRequest.Origin(entityID: entityID, file: table.file, line: row.line)
        guard map.isHistory else {
            let json = try entity(row, looked(cell, table, into: &batch), entityID, moment)
            batch.add(entity: json, origin: origin)
            return
        }
        if describedIDs.insert(entityID).inserted {
            let json = try entity(row, looked(cell, table, into: &batch), entityID, nil)
            batch.add(entity: json, origin: origin)
        }
        for field in measured {
            let text = field.text.flatMap { fields.text($0, row, cell) }
            var instance = JSONWriter(reservingBytes: 128)
            let isWritten = try write(field, text, moment, to: &instance)
            guard isWritten else { continue }
            let history = batch.history(type: map.type, origin: origin)
            batch.add(instance: instance.bytes, of: field.attribute.name, to: history)
        }
    }

    /// The cell with the row looked up for it; it is a problem if there is none.
    private func looked(
        _ cell: RowFields.Cell,
        _ table: borrowing Table,
        into batch: inout ImportBatch
    ) -> RowFields.Cell {
        guard let match, let lookup, let rules = map.lookup else { return cell }
        var cell = cell
        let key = fields.text(match, table.row, cell)
        cell.looked = key.flatMap { lookup[$0] }
        if cell.looked == nil {
            let refusal = RowRefusal(
                column: cell.column ?? match.firstColumn,
                reason: "`\(rules.file)` has no row for `\(key ?? "")`."
            )
            batch.add(table.problem(refusal))
        }
        return cell
    }
}

// MARK: - Entities

extension RowMapper {
    /// The entity itself; with its measured attributes unless those go to history.
    private mutating func entity(
        _ row: DelimitedRow,
        _ cell: RowFields.Cell,
        _ id: String,
        _ moment: Timestamp?
    ) throws(RowRefusal) -> [UInt8] {
        var json = JSONWriter(reservingBytes: 512)
        json.beginEntity(id: id, type: map.type)
        try writePlace(row, cell, to: &json)
        for field in map.isHistory ? described : described + measured {
            var value = JSONWriter(reservingBytes: 128)
            let text = field.text.flatMap { fields.text($0, row, cell) }
            guard try write(field, text, moment, to: &value) else { continue }
            json.key(field.attribute.name)
            json.raw(value.bytes)
        }
        json.endObject()
        return json.bytes
    }

    private mutating func write(
        _ field: CellWriter.Field,
        _ text: String?,
        _ moment: Timestamp?,
        to json: inout JSONWriter
    ) throws(RowRefusal) -> Bool {
        do throws(RowRefusal) {
            return try writer.write(field, text: text, observedAt: moment, to: &json)
        } catch {
            throw RowRefusal(column: field.text?.firstColumn, reason: error.reason)
        }
    }

    private func writePlace(
        _ row: DelimitedRow,
        _ cell: RowFields.Cell,
        to json: inout JSONWriter
    ) throws(RowRefusal) {
        guard let place else { return }
        let latitude = try degrees(place.latitude, row, cell, limit: 90)
        let longitude = try degrees(place.longitude, row, cell, limit: 180)
        guard let latitude, let longitude else { return }
        json.point("location", longitude: longitude, latitude: latitude)
    }

    private func degrees(
        _ field: CellWriter.Field,
        _ row: DelimitedRow,
        _ cell: RowFields.Cell,
        limit: Double
    ) throws(RowRefusal) -> JSONNumber? {
        let text: String?
        if case .constant(let json) = field.attribute.source {
            text = String(decoding: json, as: UTF8.self)
        } else {
            text = field.text.flatMap { fields.text($0, row, cell) }
        }
        guard let text else { return nil }
        let column = field.text?.firstColumn
        guard let number = NumberText.read(text, decimalComma: map.hasDecimalComma) else {
            throw RowRefusal(column: column, reason: "`\(text)` is not a number.")
        }
        guard abs(number.doubleValue) <= limit else {
            throw RowRefusal(column: column, reason: "`\(text)` is beyond \(Int(limit)) degrees.")
        }
        return number
    }
}
