import ContextModel

/// Maps the rows of one table to entities, as a map says.
struct RowMapper {
    private let map: ColumnMap
    private let fields: RowFields
    private let id: RowFields.Text
    private let time: RowFields.Text?
    private let match: RowFields.Text?
    private let lookup: LookupTable?
    private let measured: [CellWriter.Field]
    private let described: [CellWriter.Field]
    private let all: [CellWriter.Field]
    private let place: (latitude: CellWriter.Field, longitude: CellWriter.Field)?
    private let coordinates: RowFields.Text?
    private let skips: [(column: Int, texts: Set<String>)]
    private let wideColumns: [Int]
    private var writer: CellWriter
    private var clock: LocalClock
    private var moments = RepeatedMoments()
    private var describedIDs: Set<String> = []
    private let memory: ImportMemory
    private var newest: NewestReadings

    init(
        _ map: ColumnMap,
        table: Table,
        lookup: LookupTable?,
        memory: ImportMemory
    ) throws(SourceError) {
        let fields = RowFields(
            table: table,
            wide: map.wide,
            lookedColumns: lookup?.columns ?? []
        )
        self.map = map
        self.memory = memory
        self.fields = fields
        self.lookup = lookup
        id = try fields.find(map.id)
        time = try map.time.map { (time) throws(SourceError) in try fields.find(time.value) }
        match = try map.lookup.map { (lookup) throws(SourceError) in
            try fields.find(lookup.match)
        }
        measured = try Self.find(map.attributes, in: fields)
        described = try Self.find(map.entity, in: fields)
        all = described + measured
        place = try map.location.map { (place) throws(SourceError) in
            let found = try Self.find(
                [("latitude", place.latitude), ("longitude", place.longitude)].map {
                    ColumnMap.Attribute(name: $0.0, source: $0.1)
                },
                in: fields
            )
            return (found[0], found[1])
        }
        coordinates = try map.coordinates.map { (pair) throws(SourceError) in
            try fields.find(pair.text)
        }
        var skips: [(column: Int, texts: Set<String>)] = []
        for skip in map.skips {
            skips.append((try table.requiredIndex(of: skip.column), skip.texts))
        }
        self.skips = skips
        wideColumns = try Self.wideColumns(map.wide, table)
        clock = map.time.map { LocalClock($0.zone) } ?? .utc
        writer = CellWriter(
            numbers: map.numbers,
            emptyTexts: map.emptyTexts,
            clock: clock
        )
        newest = NewestReadings(type: map.type)
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
        let rest = table.columns.indices.filter {
            !named.contains($0) && !table.columns[$0].isEmpty
        }
        for column in rest { _ = try table.index(of: table.columns[column]) }
        guard !rest.isEmpty else { throw SourceError("`wide` leaves no column of the table.") }
        return rest
    }
}

// MARK: - Rows

extension RowMapper {
    /// Maps the present row into the batch.
    mutating func map(_ table: borrowing Table, into batch: inout ImportBatch) {
        let row = table.row
        for skip in skips where skip.texts.contains(row.text(skip.column)) { return }
        do throws(RowRefusal) {
            let reading = try observed(row)
            if wideColumns.isEmpty {
                try mapCell(table, .init(), try place(reading, in: nil, row), into: &batch)
            } else {
                // All cells of a row have one moment, which is placed once.
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

    /// The local time at which the row was observed.
    private mutating func observed(
        _ row: DelimitedRow
    ) throws(RowRefusal) -> LocalClock.Reading? {
        guard let time, let rules = map.time else { return nil }
        let column = time.firstColumn
        guard let text = fields.text(time, row, .init()) else {
            throw RowRefusal(column: column, reason: "The time is empty.")
        }
        guard var moment = rules.pattern.read(text.utf8) else {
            throw RowRefusal(column: column, reason: "`\(text)` is not a time in the map's format.")
        }
        if moment.microsecondsOfDay < rules.dayStartMicroseconds { moment.day += 1 }
        return clock.reading(of: moment)
    }

    /// The moment in UTC, separated from equal ones if the map wants that.
    private mutating func place(
        _ reading: LocalClock.Reading?,
        in series: String?,
        _ row: DelimitedRow
    ) throws(RowRefusal) -> Timestamp? {
        guard let reading else { return nil }
        guard map.keepsRepeats else { return Timestamp(microseconds: reading.microseconds) }
        let series = series ?? fields.text(id, row, .init(), percentEncoding: true) ?? ""
        return Timestamp(microseconds: try moments.place(reading, in: series, memory))
    }

    /// Maps one cell of a wide table, or the whole row of another one.
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
        let isNew = !describedIDs.contains(entityID)
        if isNew {
            try memory.take(entityID)
            describedIDs.insert(entityID)
        }
        guard let moment else {
            // It is unknown which of two rows is newer: the later one replaces the earlier one.
            let json = try entity(looked(cell, table, into: &batch), row, entityID, all, nil)
            return batch.add(entity: json, origin: origin)
        }
        if isNew {
            try introduce(looked(cell, table, into: &batch), row, origin, moment, to: &batch)
        }
        guard map.isHistory || !isNew else { return }
        if map.isHistory {
            try add(measured, of: row, cell, moment, origin, to: &batch)
        } else {
            let cell = looked(cell, table, into: &batch)
            if let place = try placeJSON(row, cell) {
                let reading = NewestReadings.Reading(json: place, isObserved: false)
                give(reading, of: "location", at: moment, origin, to: &batch)
            }
            try add(all, of: row, cell, moment, origin, to: &batch)
        }
        if newest.isFull { newest.drain(into: &batch) }
    }

    /// Moves the kept readings into the batch, at the end of the table.
    mutating func finish(into batch: inout ImportBatch) { newest.drain(into: &batch) }

    /// Adds the entity when the table first mentions it: its own attributes, and the measured ones
    /// unless they go to history.
    private mutating func introduce(
        _ cell: RowFields.Cell,
        _ row: DelimitedRow,
        _ origin: HubRequest.Origin,
        _ moment: Timestamp,
        to batch: inout ImportBatch
    ) throws(RowRefusal) {
        guard !map.isHistory else {
            let json = try entity(cell, row, origin.entityID, described, nil)
            return batch.add(entity: json, origin: origin)
        }
        var readings = 0
        let json = try entity(cell, row, origin.entityID, all, moment, readings: &readings)
        var origin = origin
        origin.load.readings = readings
        batch.add(entity: json, origin: origin, as: .readings)
    }

    private mutating func add(
        _ fields: [CellWriter.Field],
        of row: DelimitedRow,
        _ cell: RowFields.Cell,
        _ moment: Timestamp,
        _ origin: HubRequest.Origin,
        to batch: inout ImportBatch
    ) throws(RowRefusal) {
        for field in fields {
            let text = field.text.flatMap { self.fields.text($0, row, cell) }
            var json = JSONWriter(reservingBytes: 128)
            guard try write(field, text, moment, to: &json) else { continue }
            let reading = NewestReadings.Reading(
                json: json.bytes,
                isObserved: field.attribute.isObserved
            )
            give(reading, of: field.attribute.name, at: moment, origin, to: &batch)
        }
    }

    /// Keeps the reading if it may become current state; an older one goes to history.
    private mutating func give(
        _ reading: NewestReadings.Reading,
        of name: String,
        at moment: Timestamp,
        _ origin: HubRequest.Origin,
        to batch: inout ImportBatch
    ) {
        var past: NewestReadings.Reading? = reading
        if map.isCurrent {
            past = newest.take(reading, of: name, at: moment.microseconds, origin: origin)
            // A reading without `observedAt` cannot go to history.
            guard past?.isObserved ?? false else { return }
        }
        guard let past else { return }
        let history = batch.history(type: map.type, origin: origin)
        batch.add(instance: past.json, of: name, to: history)
    }

    /// The cell with its row of the lookup table; throws if there is none.
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
    /// The entity with the attributes; counts those with an `observedAt`.
    private mutating func entity(
        _ cell: RowFields.Cell,
        _ row: DelimitedRow,
        _ id: String,
        _ fields: [CellWriter.Field],
        _ moment: Timestamp?,
        readings: inout Int
    ) throws(RowRefusal) -> [UInt8] {
        var json = JSONWriter(reservingBytes: 512)
        json.beginEntity(id: id, type: map.type)
        if let place = try placeJSON(row, cell) {
            json.key("location")
            json.raw(place)
        }
        for field in fields {
            var value = JSONWriter(reservingBytes: 128)
            let text = field.text.flatMap { self.fields.text($0, row, cell) }
            guard try write(field, text, moment, to: &value) else { continue }
            json.key(field.attribute.name)
            json.raw(value.bytes)
            if moment != nil, field.attribute.isObserved { readings += 1 }
        }
        json.endObject()
        return json.bytes
    }

    private mutating func entity(
        _ cell: RowFields.Cell,
        _ row: DelimitedRow,
        _ id: String,
        _ fields: [CellWriter.Field],
        _ moment: Timestamp?
    ) throws(RowRefusal) -> [UInt8] {
        var readings = 0
        return try entity(cell, row, id, fields, moment, readings: &readings)
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

    /// The attribute with the location of the entity.
    private func placeJSON(
        _ row: DelimitedRow,
        _ cell: RowFields.Cell
    ) throws(RowRefusal) -> [UInt8]? {
        guard let (latitude, longitude) = try degreesOfPlace(row, cell) else { return nil }
        var json = JSONWriter(reservingBytes: 128)
        json.point(longitude: longitude, latitude: latitude)
        return json.bytes
    }

    private func degreesOfPlace(
        _ row: DelimitedRow,
        _ cell: RowFields.Cell
    ) throws(RowRefusal) -> (latitude: JSONNumber, longitude: JSONNumber)? {
        if let coordinates, let text = fields.text(coordinates, row, cell), !isGap(text) {
            do throws(RowRefusal) {
                return try CoordinateText.read(
                    text,
                    isLongitudeFirst: map.coordinates?.isLongitudeFirst == true,
                    map.numbers
                )
            } catch {
                throw RowRefusal(column: coordinates.firstColumn, reason: error.reason)
            }
        }
        guard let place else { return nil }
        let latitude = try degrees(place.latitude, row, cell, limit: 90)
        let longitude = try degrees(place.longitude, row, cell, limit: 180)
        guard let latitude, let longitude else { return nil }
        return (latitude, longitude)
    }

    /// Whether there is no place where one could stand.
    private func isGap(_ text: String) -> Bool {
        map.emptyTexts.contains(text) || text.allSatisfy(\.isWhitespace)
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
        guard let text, !isGap(text) else { return nil }
        let column = field.text?.firstColumn
        guard let number = NumberText.read(text, map.numbers) else {
            let refusal = NumberText.refusal(of: text, map.numbers)
            throw RowRefusal(column: column, reason: refusal.reason)
        }
        guard abs(number.doubleValue) <= limit else {
            throw RowRefusal(column: column, reason: "`\(text)` is beyond \(Int(limit)) degrees.")
        }
        return number
    }
}
