import ContextModel

/// One file of a feed, each row an entity.
struct GTFSFile: ImportSource {
    private let names: GTFSNames
    private var table: Table
    private var mapper: GTFSRowMapper
    /// Where a calendar names its service.
    private let serviceColumn: Int?
    private var services: Set<String> = []

    init(_ what: GTFSTable, _ source: any ByteSource, names: GTFSNames) throws(SourceError) {
        table = try Table(source)
        mapper = try GTFSRowMapper(what, names: names, columns: table)
        self.names = names
        let isCalendar = what.type.hasPrefix("GtfsCalendar")
        serviceColumn = isCalendar ? table.index(of: "service_id") : nil
    }

    var extent: ImportExtent {
        ImportExtent(bytesRead: table.bytesRead, bytesInAll: table.byteCount)
    }

    mutating func next(into batch: inout ImportBatch) throws(SourceError) -> Bool {
        switch try table.next() {
        case .end: return false
        case .problem(let problem): batch.add(problem)
        case .row:
            addService(to: &batch)
            var writer = JSONWriter(reservingBytes: 512)
            do throws(RowRefusal) {
                let id = try mapper.write(table.row, to: &writer)
                batch.add(entity: writer.bytes, origin: origin(id))
            } catch {
                batch.add(table.problem(error))
            }
        }
        return true
    }

    /// Adds the service a row of a calendar speaks of, when it is the first to do so: trips refer
    /// to services, but no file of a feed lists them.
    private mutating func addService(to batch: inout ImportBatch) {
        guard let serviceColumn else { return }
        let key = table.row.text(serviceColumn)
        guard !key.isEmpty, services.insert(key).inserted else { return }
        let id = names.id("GtfsService", [key])
        var writer = JSONWriter()
        writer.beginEntity(id: id, type: "GtfsService")
        writer.property("name", key)
        if let source = names.source { writer.property("source", source) }
        writer.endObject()
        batch.add(entity: writer.bytes, origin: origin(id))
    }

    private func origin(_ id: String) -> HubRequest.Origin {
        .init(entityID: id, file: table.file, line: table.row.line)
    }
}
