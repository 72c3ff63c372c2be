import ContextModel

/// The file `shapes.txt`, whose rows, in any order, become one line for each shape.
struct GTFSShapes: ImportSource {
    private struct Point {
        var sequence: Int
        var latitude: JSONNumber
        var longitude: JSONNumber
    }

    private let names: GTFSNames
    private let references: GTFSReferences
    private var table: Table
    private var isRead = false
    private var order: ArraySlice<String> = []
    private var lines: [String: (line: Int, points: [Point])] = [:]
    /// The shapes of which a point was refused: a part of a line would be another line.
    private var refused: Set<String> = []

    /// The indexes of the columns.
    private let id: Int
    private let sequence: Int
    private let latitude: Int
    private let longitude: Int

    init(
        _ table: Table,
        names: GTFSNames,
        _ references: GTFSReferences
    ) throws(SourceError) {
        self.table = table
        self.names = names
        self.references = references
        id = try table.requiredIndex(of: "shape_id")
        sequence = try table.requiredIndex(of: "shape_pt_sequence")
        latitude = try table.requiredIndex(of: "shape_pt_lat")
        longitude = try table.requiredIndex(of: "shape_pt_lon")
    }

    var extent: ImportExtent {
        ImportExtent(bytesRead: table.bytesRead, bytesInAll: table.byteCount)
    }

    mutating func next(into batch: inout ImportBatch) throws(SourceError) -> Bool {
        if isRead { return nextShape(into: &batch) }
        switch try table.next() {
        case .end:
            isRead = true
            return nextShape(into: &batch)
        case .problem(let problem): batch.add(problem)
        case .row:
            do throws(RowRefusal) { try add(table.row) } catch {
                batch.add(table.problem(error))
            }
        }
        return true
    }

    private mutating func add(_ row: DelimitedRow) throws(RowRefusal) {
        guard let number = Int(row.text(sequence)) else {
            throw RowRefusal(
                column: sequence,
                reason: "`\(row.text(sequence))` is not a whole number."
            )
        }
        let point = Point(
            sequence: number,
            latitude: try GTFSRowMapper.degrees(row.text(latitude), latitude, limit: 90),
            longitude: try GTFSRowMapper.degrees(row.text(longitude), longitude, limit: 180)
        )
        let shape = row.text(id)
        let isNew = lines[shape] == nil
        do throws(RowRefusal) {
            try references.memory.take(row[latitude].count + row[longitude].count)
            if isNew { try references.memory.take(shape) }
        } catch {
            refused.insert(shape)
            throw error
        }
        if isNew { order.append(shape) }
        lines[shape, default: (row.line, [])].points.append(point)
    }

    /// Removes the next shape, in the order of the file, and writes its entity.
    private mutating func nextShape(into batch: inout ImportBatch) -> Bool {
        guard let shape = order.popFirst(), let (line, points) = lines.removeValue(forKey: shape)
        else { return false }
        guard !refused.contains(shape) else {
            let reason = "The shape `\(shape)` has points that were refused, so none is stored."
            batch.add(RowProblem(file: table.file, line: line, reason: reason))
            return true
        }
        guard points.count > 1 else {
            let reason = "The shape `\(shape)` has one point; a line needs two."
            batch.add(RowProblem(file: table.file, line: line, reason: reason))
            return true
        }
        let id = names.id("GtfsShape", [shape])
        do throws(RowRefusal) { _ = try references.note(id, type: "GtfsShape") } catch {
            batch.add(RowProblem(file: table.file, line: line, reason: error.reason))
            return true
        }
        var writer = JSONWriter(reservingBytes: points.count * 24 + 256)
        writer.beginEntity(id: id, type: "GtfsShape")
        writer.attribute("location", kind: "GeoProperty", valueKey: "value") { writer in
            Self.write(points.sorted { $0.sequence < $1.sequence }, to: &writer)
        }
        if let source = names.source { writer.property("source", source) }
        writer.endObject()
        batch.add(entity: writer.bytes, origin: .init(entityID: id, file: table.file, line: line))
        return true
    }

    private static func write(_ points: [Point], to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("type")
        writer.string("LineString")
        writer.key("coordinates")
        writer.beginArray()
        for point in points {
            writer.beginArray()
            writer.number(point.longitude)
            writer.number(point.latitude)
            writer.endArray()
        }
        writer.endArray()
        writer.endObject()
    }
}
