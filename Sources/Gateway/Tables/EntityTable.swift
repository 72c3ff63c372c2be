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
        try parameters.requireNoJoin()
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
        try parameters.requireNoJoin()
        let condition = try parameters.typeCondition().and(parameters.attributeCondition())
        // Throws for an entity that the caller may not see.
        _ = try await hub.reading.retrieveEntity(
            id,
            where: condition,
            shownAs: try parameters.representation(),
            caller: caller
        )
        let batches = try await hub.reading.batches(
            of: EntityQuery(condition: condition.and(.ids([id])), limit: 1),
            isWhole: false,
            shownAs: try parameters.representation(),
            caller: caller
        )
        return try await answer(EntityTable(try await layout(parameters), batches), .csv)
    }

    private func layout(_ parameters: EntityParameters) async throws -> EntityTable.Layout {
        let writer = EntityWriter(try parameters.representation(), context: parameters.ld)
        guard try parameters.wantsWideTable() else {
            return .long(ReadingTable(entities: writer, timeProperty: .observedAt))
        }
        var columns = try parameters.namedColumns()
        if columns == nil {
            columns = try await hub.reading.columns(
                ofTypes: try parameters.typeCondition(),
                caller: caller
            ).information.filter { writer.representation.projection.shows($0) }
                .sorted { writer.context.compact($0) < writer.context.compact($1) }
        }
        return .wide(
            WideTable(entities: writer, attributes: columns ?? [], timeProperty: .observedAt)
        )
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

    /// Throws for Linked Entities, which have no place in a table.
    func requireNoJoin() throws(BrokerError) {
        guard let join = try items.text("join"), join != "@none" else { return }
        throw BrokerError(
            .badRequestData,
            "A table has no place for linked entities; leave join out."
        )
    }
}

extension CSVWriter {
    /// Writes a row of texts.
    mutating func row(_ cells: [String]) {
        for text in cells { cell(text) }
        endRow()
    }
}
