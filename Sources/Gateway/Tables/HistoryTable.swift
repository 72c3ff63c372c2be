import Broker
import ContextModel
import Hummingbird
import Storage

/// Histories as a table or as GeoJSON, piece after piece.
struct HistoryTable: DownloadPieces {
    enum Layout: Sendable {
        case long(ReadingTable)
        case wide(WideTable)
        case aggregates(AggregateTable)
        case features(ReadingFeatures)
    }
    private let layout: Layout
    private var batches: EvolutionBatches
    private var state = State.beginning
    private var progress = ReadingFeatures.Progress()

    private enum State: Sendable {
        case beginning, going, ended
    }

    init(_ layout: Layout, _ batches: EvolutionBatches) {
        self.layout = layout
        self.batches = batches
    }

    var waitingCount: Int { batches.count }

    mutating func next() async throws -> [UInt8]? {
        guard state != .ended else { return nil }
        let batch = try await batches.next()
        var bytes = state == .beginning ? head : []
        state = batch == nil ? .ended : .going
        guard let batch else { return bytes + tail }
        if case .features(let features) = layout {
            for evolution in batch.evolutions {
                features.write(
                    evolution,
                    at: batch.places[evolution.id],
                    after: &progress,
                    to: &bytes
                )
            }
            return bytes
        }
        var csv = CSVWriter()
        for evolution in batch.evolutions { write(evolution, to: &csv) }
        return bytes + csv.bytes
    }

    private func write(_ evolution: Evolution, to csv: inout CSVWriter) {
        switch layout {
        case .long(let table): table.write(evolution, to: &csv)
        case .wide(let table): table.write(evolution, to: &csv)
        case .aggregates(let table): table.write(evolution, to: &csv)
        case .features: break
        }
    }

    private var head: [UInt8] {
        var csv = CSVWriter()
        switch layout {
        case .long: csv.row(ReadingTable.columns)
        case .wide(let table): table.writeHeader(isOfHistory: true, to: &csv)
        case .aggregates(let table): table.writeHeader(to: &csv)
        case .features: return ReadingFeatures.head
        }
        return csv.bytes
    }

    private var tail: [UInt8] {
        if case .features = layout { ReadingFeatures.tail } else { [] }
    }
}

extension Exchange {
    /// The readings of a query's histories; without `limit` and `offset`, of all entities.
    ///
    /// Unlike in JSON, no range of time is necessary, because the answer may have any length.
    func answerReadings(
        _ items: QueryItems,
        selectors: Condition?,
        _ type: MediaType,
        _ ld: LDContext
    ) async throws -> Response {
        let (parameters, query) = try temporalQuery(
            items,
            selectors: selectors,
            requiresTime: false,
            ld: ld
        )
        return try await answerReadings(parameters, query, type)
    }

    /// The readings of one entity's history.
    func answerReadings(
        of id: EntityID,
        _ type: MediaType,
        _ ld: LDContext
    ) async throws -> Response {
        let parameters = TemporalParameters(entities: parameters(ld))
        let condition = try parameters.entities.typeCondition().and(.ids([id]))
        var query = try parameters.query(condition: condition, requiresTime: false)
        query.offset = 0
        return try await answerReadings(parameters, query, type, of: id)
    }

    /// Throws `resourceNotFound` for the one entity that is meant, if it has no history that the caller may see.
    private func answerReadings(
        _ parameters: TemporalParameters,
        _ query: TemporalQuery,
        _ type: MediaType,
        of id: EntityID? = nil
    ) async throws -> Response {
        try parameters.entities.requireTable()
        if let lastN = query.lastN, lastN > query.instanceLimit {
            throw BrokerError(
                .tooManyResults,
                "lastN is \(query.instanceLimit) at most here, not \(lastN); give a range of time instead."
            )
        }
        let layout = try historyLayout(parameters, query, type)
        let batches = try await hub.reading.batches(
            of: query,
            isWhole: parameters.entities.isWhole,
            showsPlaces: type == .geoJSON,
            caller: caller
        )
        if let id, batches.count == 0 { throw BrokerError.withoutEvolution(id) }
        return try await answer(HistoryTable(layout, batches), type)
    }

    private func historyLayout(
        _ parameters: TemporalParameters,
        _ query: TemporalQuery,
        _ type: MediaType
    ) throws(BrokerError) -> HistoryTable.Layout {
        let entities = parameters.entities
        let writer = EntityWriter(try entities.representation(), context: entities.ld)
        let isWide = try entities.wantsWideTable()
        if type == .geoJSON {
            guard query.aggregation == nil else {
                throw BrokerError(
                    .badRequestData,
                    "Aggregated values have no place; ask for format=csv."
                )
            }
            return .features(ReadingFeatures(entities: writer, timeProperty: query.timeProperty))
        }
        if let aggregation = query.aggregation {
            return .aggregates(AggregateTable(entities: writer, methods: aggregation.methods))
        }
        guard isWide else {
            return .long(ReadingTable(entities: writer, timeProperty: query.timeProperty))
        }
        guard let columns = try entities.namedColumns(), !columns.isEmpty else {
            throw BrokerError(
                .badRequestData,
                "A wide table of a history needs the names of its columns: attrs=temperature,humidity."
            )
        }
        return .wide(
            WideTable(entities: writer, attributes: columns, timeProperty: query.timeProperty)
        )
    }
}
