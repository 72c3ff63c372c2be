import Broker
import ContextModel
import Hummingbird
import Storage

/// The present state of entities as a table, piece after piece.
struct EntityTable: DownloadPieces {
    enum Layout: Sendable {
        case long(ReadingTable)
        case wide(WideTable)
    }
    private let layout: Layout
    private var batches: EntityBatches
    private var isAtStart = true

    init(_ layout: Layout, _ batches: EntityBatches) {
        self.layout = layout
        self.batches = batches
    }

    var waitingCount: Int { batches.count }

    mutating func next() async throws -> [UInt8]? {
        let batch = try await batches.next()
        var csv = CSVWriter()
        if isAtStart { writeHeader(to: &csv) } else if batch == nil { return nil }
        isAtStart = false
        for encoded in batch?.page.entities ?? [] {
            let entity = try encoded.value()
            switch layout {
            case .long(let table): table.write(entity, to: &csv)
            case .wide(let table): table.write(entity, to: &csv)
            }
        }
        return csv.bytes
    }

    private func writeHeader(to csv: inout CSVWriter) {
        switch layout {
        case .long: csv.row(ReadingTable.columns)
        case .wide(let table): table.writeHeader(isOfHistory: false, to: &csv)
        }
    }
}

extension Exchange {
    /// The table of the entities of a query: of its page, or without `limit` and `offset` of all.
    func answerTable(_ parameters: EntityParameters, _ query: EntityQuery) async throws -> Response
    {
        try parameters.requireTable()
        let batches = try await hub.reading.batches(
            of: query,
            isWhole: parameters.isWhole,
            shownAs: try parameters.representation(),
            caller: caller
        )
        return try await answer(EntityTable(try await layout(parameters), batches), .csv)
    }

    /// The table of one entity.
    func answerTable(of id: EntityID, _ ld: LDContext) async throws -> Response {
        let parameters = parameters(ld)
        try parameters.requireTable()
        let condition = try parameters.typeCondition().and(parameters.attributeCondition())
        // One reading, which is one access in the record.
        let found = try await hub.reading.retrieveEntity(
            id,
            where: condition,
            shownAs: try parameters.representation(),
            caller: caller
        )
        let entity = try found.answer.entity.value()
        var csv = CSVWriter()
        switch try await layout(parameters, columns: entity.attributes.map(\.name)) {
        case .long(let table):
            csv.row(ReadingTable.columns)
            table.write(entity, to: &csv)
        case .wide(let table):
            table.writeHeader(isOfHistory: false, to: &csv)
            table.write(entity, to: &csv)
        }
        return answer(csv.bytes, .csv, ld: nil)
    }

    /// `columns` are those of a wide table unless the caller names some; nil for those of the types.
    private func layout(
        _ parameters: EntityParameters,
        columns own: [IRI]? = nil
    ) async throws -> EntityTable.Layout {
        let writer = EntityWriter(try parameters.representation(), context: parameters.ld)
        guard try parameters.wantsWideTable() else {
            return .long(ReadingTable(entities: writer, timeProperty: .observedAt))
        }
        var columns = try parameters.namedColumns()
        if columns == nil {
            var all = own ?? []
            if own == nil {
                let types = try parameters.typeCondition()
                all = try await hub.reading.columns(ofTypes: types, caller: caller).information
            }
            columns = all.filter { writer.representation.projection.shows($0) }
                .sorted { writer.context.compact($0) < writer.context.compact($1) }
        }
        let attributes = columns ?? []
        guard attributes.count <= EntityParameters.maximumAttributes else {
            throw BrokerError(
                .tooManyResults,
                "The table would have \(attributes.count) columns, and has "
                    + "\(EntityParameters.maximumAttributes) at most; name some in attrs."
            )
        }
        return .wide(WideTable(entities: writer, attributes: attributes, timeProperty: .observedAt))
    }
}

extension EntityParameters {
    /// Whether the whole answer is asked for, and not a page of it.
    var isWhole: Bool { items["limit"] == nil && items["offset"] == nil }

    /// Whether `layout=wide` asks for a column for each attribute.
    func wantsWideTable() throws(BrokerError) -> Bool {
        switch try items.text("layout") {
        case nil, "long": return false
        case "wide": return true
        case let other?:
            throw BrokerError(.badRequestData, "layout is long or wide, not '\(other)'.")
        }
    }

    /// The columns that `attrs` or `pick` names, in that order; nil when neither is given.
    func namedColumns() throws(BrokerError) -> [IRI]? {
        let (attributes, picked) = (try items.list("attrs"), try items.list("pick"))
        guard let names = attributes ?? picked else { return nil }
        return names.filter { !Projection.entityMembers.contains($0) }.map { ld.expand($0) }
    }

    /// Throws for what has no place in a table: Linked Entities, counts and EntityMaps.
    func requireTable() throws(BrokerError) {
        let join = try items.text("join")
        guard join == nil || join == "@none" else {
            throw BrokerError(
                .badRequestData,
                "A table has no place for linked entities; leave join out."
            )
        }
        for name in ["entityMap", "count"] where try items.flag(name) {
            throw BrokerError(.badRequestData, "A table cannot have \(name); leave it out.")
        }
    }
}
