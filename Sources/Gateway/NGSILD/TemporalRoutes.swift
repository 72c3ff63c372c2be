import Broker
import ContextModel
import Federation
import Governance
import HTTPTypes
import Hummingbird
import Storage

extension NGSILDRoutes {
    /// Adds the routes of temporal evolutions (clauses 6.18 to 6.22).
    mutating func addTemporalRoutes() {
        addUpsertEvolution()
        addQueryEvolutions()
        addRetrieveEvolution()
        addDeleteEvolution()
        addEvolutionAddition()
        addDeleteEvolutionAttribute()
        addModifyInstance()
        addDeleteInstance()
    }

    private static let attributes = Paths.evolution + "/attrs"
    private static let attribute = attributes + "/{attrId}"
    private static let instance = attribute + "/{instanceId}"

    private mutating func addUpsertEvolution() {
        add(
            RouteDescription(
                .post,
                Paths.temporal,
                .temporal,
                "Create or update a temporal evolution",
                clause: "6.18.3.1",
                accepts: bodies,
                body: .temporalEntity,
                status: 201
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .write)
            return try await exchange.answerUpsert(json, ld)
        }
    }

    private mutating func addQueryEvolutions() {
        add(
            RouteDescription(
                .get,
                Paths.temporal,
                .temporal,
                "Query temporal evolutions",
                clause: "6.18.3.2",
                query: .selection + .paging + .presentation + .time + .mapping,
                answers: "application/json"
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            return try await exchange.answerEvolutions(exchange.items, selectors: nil, ld: ld)
        }
    }

    private mutating func addRetrieveEvolution() {
        add(
            RouteDescription(
                .get,
                Paths.evolution,
                .temporal,
                "Retrieve a temporal evolution",
                clause: "6.19.3.1",
                query: [.type, .attrs] + .presentation + .time + .mapping,
                answers: "application/json"
            )
        ) { try await $0.answerEvolution() }
    }

    private mutating func addDeleteEvolution() {
        add(
            RouteDescription(
                .delete,
                Paths.evolution,
                .temporal,
                "Delete a temporal evolution",
                clause: "6.19.3.2",
                status: 204
            )
        ) { exchange in
            let change = try exchange.change(.deleteTemporal, .core)
            return try await exchange.answerChange(change, .core) { _ in
                try await exchange.hub.writing.deleteEvolution(
                    of: change.id,
                    caller: exchange.caller
                )
            }
        }
    }

    private mutating func addEvolutionAddition() {
        add(
            RouteDescription(
                .post,
                Self.attributes,
                .temporal,
                "Add attributes to a temporal evolution",
                clause: "6.20.3.1",
                accepts: bodies,
                body: .temporalEntity,
                status: 204
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .write)
            let change = try exchange.change(.appendAttrsTemporal, body: json, ld)
            return try await exchange.answerChange(change, ld) { rest in
                try await exchange.hub.writing.addToEvolution(
                    of: change.id,
                    rest ?? json,
                    ld: ld,
                    caller: exchange.caller
                )
            }
        }
    }

    private mutating func addDeleteEvolutionAttribute() {
        add(
            RouteDescription(
                .delete,
                Self.attribute,
                .temporal,
                "Delete an attribute from a temporal evolution",
                clause: "6.21.3.1",
                query: [.datasetID, .deleteAll],
                status: 204
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            let change = try exchange.change(
                .deleteAttrsTemporal,
                attribute: try exchange.capture("attrId"),
                passing: ["datasetId", "deleteAll"],
                ld
            )
            return try await exchange.answerChange(change, ld) { _ in
                try await exchange.hub.writing.deleteAttributeFromEvolution(
                    try exchange.attributeName(ld),
                    of: change.id,
                    datasetID: try exchange.items.text("datasetId"),
                    all: try exchange.items.flag("deleteAll"),
                    caller: exchange.caller
                )
            }
        }
    }

    private mutating func addModifyInstance() {
        add(
            RouteDescription(
                .patch,
                Self.instance,
                .temporal,
                "Modify an instance of a temporal evolution",
                clause: "6.22.3.1",
                accepts: patches,
                body: .entityFragment,
                status: 204
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .write, allowing: patchTypes)
            let (name, instance) = (
                try exchange.capture("attrId"), try exchange.uri("instanceId")
            )
            let change = try exchange.change(
                .updateAttrInstanceTemporal,
                attribute: name,
                instance: instance,
                body: json,
                ld
            )
            return try await exchange.answerChange(change, ld) { _ in
                try await exchange.hub.writing.modifyInstance(
                    instance,
                    of: name,
                    entity: change.id,
                    json,
                    ld: ld,
                    caller: exchange.caller
                )
            }
        }
    }

    private mutating func addDeleteInstance() {
        add(
            RouteDescription(
                .delete,
                Self.instance,
                .temporal,
                "Delete an instance of a temporal evolution",
                clause: "6.22.3.2",
                status: 204
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            let instance = try exchange.uri("instanceId")
            let change = try exchange.change(
                .deleteAttrInstanceTemporal,
                attribute: try exchange.capture("attrId"),
                instance: instance,
                ld
            )
            return try await exchange.answerChange(change, ld) { _ in
                try await exchange.hub.writing.deleteInstance(
                    instance,
                    of: try exchange.attributeName(ld),
                    entity: change.id,
                    caller: exchange.caller
                )
            }
        }
    }
}

extension Exchange {
    /// Creates or updates an evolution here and at sources, and answers (clause 6.18.3.1).
    fileprivate func answerUpsert(_ json: JSONValue, _ ld: LDContext) async throws -> Response {
        let upsert = { (body: JSONValue) in
            try await hub.writing.upsertEvolution(body, ld: ld, caller: caller)
        }
        // One without a usable identifier is refused here, whoever might take it.
        guard let id = json.entityID, URIText.isValid(id.uri) else {
            _ = try await upsert(json)
            throw BrokerError(.badRequestData, "The entity has no 'id'.")
        }
        let change = DistributedChange(.upsertTemporal, of: id, body: json)
        let result = try await distributed(change, ld) { try await upsert($0 ?? json) }
        return answer(result, of: id) {
            // Where the hub has nothing of it itself, it is new to the hub.
            result.own?.isNew ?? true
                ? created(at: "\(Paths.temporal)/\(QueryItems.encode(id.uri))")
                : answer(.noContent)
        }
    }

    /// Makes a change of a history here and at sources, and answers that it is made.
    fileprivate func answerChange(
        _ change: DistributedChange,
        _ ld: LDContext,
        own: (JSONValue?) async throws -> Void
    ) async throws -> Response {
        let result = try await distributed(change, ld, own: own)
        return answer(result, of: change.id) { answer(.noContent) }
    }

    /// The answer of Retrieve Temporal Evolution in the accepted media type.
    func answerEvolution() async throws -> Response {
        let ld = try await ldContext()
        let type = try accepted([.json, .jsonLD, .geoJSON, .csv], items)
        if type == .csv || type == .geoJSON {
            return try await answerReadings(of: try entityID(), type, ld)
        }
        let parameters = TemporalParameters(entities: parameters(ld))
        let query = try parameters.query(
            condition: try parameters.entities.typeCondition(),
            requiresTime: false
        )
        let writer = try temporalWriter(parameters, query)
        let map = try entityMapRequest(items, entities: nil, ld: ld)
        let found = try await hub.reading.retrieveEvolution(
            of: try entityID(),
            query,
            forwarding: map == nil ? try forwardingOfRetrieval(parameters.entities) : nil,
            caller: caller
        )
        let page = found.answer.page
        for evolution in page.evolutions where !writer.shows(evolution) {
            throw BrokerError(
                .resourceNotFound,
                "Nothing of the entity '\(evolution.id)' is left to show."
            )
        }
        let bytes = try await written(page, writer, type, asArray: false)
        var headers = try await retrievalHeaders(.evolutions, map)
        headers.append(found.warnings)
        let status = versionStatus ?? .ok
        return answer(bytes, type, page, parameters, status: status, headers: headers)
    }

    /// The answer with the evolutions of a page in the accepted media type.
    private func written(
        _ page: EvolutionPage,
        _ writer: TemporalWriter,
        _ type: MediaType,
        asArray: Bool
    ) async throws -> [UInt8] {
        let length = page.instanceCount * Self.bytesOfInstance + page.storedBytes
        return try await writing(length) {
            var json = JSONWriter(reservingBytes: 16_384)
            if asArray { json.beginArray() }
            for evolution in page.evolutions {
                writer.write(evolution, embedsContext: type == .jsonLD, to: &json)
            }
            if asArray { json.endArray() }
            return json.bytes
        }
    }

    /// The approximate bytes of an instance besides its value.
    private static let bytesOfInstance = 100

    /// The attribute in the path.
    fileprivate func attributeName(_ ld: LDContext) throws(BrokerError) -> IRI {
        try attributeName(try capture("attrId"), ld)
    }

    /// The answer of Query Temporal Evolution in the accepted media type.
    func answerEvolutions(
        _ items: QueryItems,
        selectors: Condition?,
        entities: JSONValue? = nil,
        ld: LDContext
    ) async throws -> Response {
        let type = try accepted([.json, .jsonLD, .geoJSON, .csv], items)
        if type == .csv || type == .geoJSON {
            return try await answerReadings(items, selectors: selectors, type, ld)
        }
        let (parameters, query) = try temporalQuery(items, selectors: selectors, ld: ld)
        let writer = try temporalWriter(parameters, query)
        let found = try await found(
            query,
            through: try entityMapRequest(items, entities: entities, ld: ld),
            forwarding: try forwardingOfQuery(parameters.entities, selectors: selectors)
        )
        let (page, use) = (found.answer.page, found.answer.map)
        let bytes = try await written(page, writer, type, asArray: true)
        let links = pageLinks(
            offset: query.offset,
            limit: query.limit,
            hasMore: page.hasMore,
            use: use
        )
        var headers = pageHeaders(type, links, count: page.count, use: use)
        headers.append(contentsOf: try await self.headers(linkingTo: ld, type))
        headers.append(found.warnings)
        let status = versionStatus ?? Self.status(use)
        return answer(bytes, type, page, parameters, status: status, headers: headers)
    }

    /// The query for evolutions from the parameters and selectors.
    func temporalQuery(
        _ items: QueryItems,
        selectors: Condition?,
        requiresTime: Bool = true,
        ld: LDContext
    ) throws(BrokerError) -> (TemporalParameters, TemporalQuery) {
        let entities = EntityParameters(items: items, ld: ld, limits: hub.limits)
        let parameters = TemporalParameters(entities: entities)
        if selectors == nil {
            guard try entities.isSelective() else { throw BrokerError.tooWideQuery }
        }
        let condition = try entities.condition().and(selectors ?? .everything)
        return (parameters, try parameters.query(condition: condition, requiresTime: requiresTime))
    }

    func temporalWriter(
        _ parameters: TemporalParameters,
        _ query: TemporalQuery
    ) throws(BrokerError) -> TemporalWriter {
        var representation = try parameters.entities.representation()
        // Instances are always objects; the writer applies the temporal representations.
        if representation.format == .simplified { representation.format = .normalized }
        representation.datasetIDs = nil
        representation.version = preferredVersion
        representation.showsEnds = true
        return TemporalWriter(
            parameters.format,
            timeProperty: query.timeProperty,
            entities: EntityWriter(representation, context: parameters.entities.ld)
        )
    }

    /// The answer: 200, or 206 with the range of time when instances were cut off (clause 6.3.10).
    private func answer(
        _ bytes: [UInt8],
        _ type: MediaType,
        _ page: EvolutionPage,
        _ parameters: TemporalParameters,
        status: HTTPResponse.Status,
        headers: HTTPFields
    ) -> Response {
        let ld = parameters.entities.ld
        guard let range = page.contentRange else {
            return answer(bytes, type, ld: ld, status: status, headers: headers)
        }
        var headers = headers
        headers[.contentRange] = parameters.contentRange(range)
        return answer(bytes, type, ld: ld, status: .partialContent, headers: headers)
    }
}
