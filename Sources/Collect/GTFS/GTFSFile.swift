import ContextModel

/// One file of a feed; each row becomes an entity.
struct GTFSFile: ImportSource {
    private let names: GTFSNames
    private let references: GTFSReferences
    private var table: Table
    private let mapper: GTFSRowMapper
    /// The column in which a calendar names its service.
    private let serviceColumn: Int?

    init(
        _ what: GTFSTable,
        _ table: Table,
        names: GTFSNames,
        _ references: GTFSReferences
    ) throws(SourceError) {
        self.table = table
        self.names = names
        self.references = references
        mapper = try GTFSRowMapper(what, names: names, references, columns: table)
        let isCalendar = what.type.hasPrefix("GtfsCalendar")
        serviceColumn = isCalendar ? try table.index(of: "service_id") : nil
    }

    var extent: ImportExtent {
        ImportExtent(bytesRead: table.bytesRead, bytesInAll: table.byteCount)
    }

    mutating func next(into batch: inout ImportBatch) throws(SourceError) -> Bool {
        switch try table.next() {
        case .end:
            for problem in references.unanswered() { batch.add(dangling: problem) }
            return false
        case .problem(let problem): batch.add(problem)
        case .row:
            var writer = JSONWriter(reservingBytes: 512)
            do throws(RowRefusal) {
                try addService(to: &batch)
                let (id, dangling) = try mapper.write(table.row, to: &writer)
                batch.add(entity: writer.bytes, origin: origin(id))
                for reference in dangling { try note(reference, of: id, in: &batch) }
            } catch {
                batch.add(table.problem(error))
            }
        }
        return true
    }

    /// Adds the service of a calendar's row, when it was not added yet.
    ///
    /// Trips refer to services, but no file of a feed lists them.
    private mutating func addService(to batch: inout ImportBatch) throws(RowRefusal) {
        guard let serviceColumn else { return }
        let key = table.row.text(serviceColumn)
        let id = names.id("GtfsService", [key])
        guard !key.isEmpty, try references.note(id, type: "GtfsService") else { return }
        var writer = JSONWriter()
        writer.beginEntity(id: id, type: "GtfsService")
        writer.property("name", key)
        if let source = names.source { writer.property("source", source) }
        writer.endObject()
        batch.add(entity: writer.bytes, origin: origin(id))
    }

    /// Notes a reference without a target; one to the same file may have its target further down.
    private func note(
        _ reference: GTFSRowMapper.Dangling,
        of id: String,
        in batch: inout ImportBatch
    ) throws(RowRefusal) {
        let refusal = RowRefusal(
            column: reference.column,
            reason: "`\(reference.name)` of `\(id)` leads to `\(reference.target)`, "
                + "which the feed does not have."
        )
        let problem = table.problem(refusal)
        if reference.mayComeLater {
            try references.wait(for: reference.target, or: problem)
        } else {
            batch.add(dangling: problem)
        }
    }

    private func origin(_ id: String) -> HubRequest.Origin {
        .init(entityID: id, file: table.file, line: table.row.line)
    }
}
