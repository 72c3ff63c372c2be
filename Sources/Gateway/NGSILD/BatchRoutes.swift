import Broker
import ContextModel
import Federation
import HTTPTypes
import Hummingbird

extension NGSILDRoutes {
    mutating func addBatchRoutes() {
        let batch = Paths.batch
        addBatch(
            path: "\(batch)/create",
            "Create entities",
            clause: "6.14.3.1",
            query: []
        ) { _ in .create }
        addBatch(
            path: "\(batch)/upsert",
            "Create or update entities",
            clause: "6.15.3.1",
            query: [.options]
        ) {
            .upsert(replaces: try !$0.items.option("update", of: ["update", "replace"]))
        }
        addBatch(
            path: "\(batch)/update",
            "Update entities",
            clause: "6.16.3.1",
            query: [.options]
        ) {
            .update(overwrites: try !$0.items.option("noOverwrite", of: ["noOverwrite"]))
        }
        addBatch(
            path: "\(batch)/merge",
            "Merge entities",
            clause: "6.31.3.1",
            query: [.observedAt, .lang]
        ) { .merge(try $0.mergeDefaults()) }
        addBatch(
            path: "/hub/readings",
            "Update entities by readings that may come late: these are history alone",
            clause: nil,
            query: []
        ) { _ in .readings }
        addBatchDelete()
        addQueries()
    }

    private mutating func addBatch(
        path: String,
        _ summary: String,
        clause: String?,
        query: [QueryParameter],
        operation: @escaping @Sendable (Exchange) throws -> BatchOperation
    ) {
        add(
            RouteDescription(
                .post,
                path,
                .contextInformation,
                summary,
                clause: clause,
                query: query,
                accepts: bodies,
                body: .entities,
                answers: "application/json"
            )
        ) { exchange in
            let operation = try operation(exchange)
            let batch = try await exchange.batchBodies()
            var result = try await exchange.hub.writing.batch(
                operation,
                batch.entities,
                forwarding: try exchange.forwardingOfBatch(batch.ld),
                caller: exchange.caller
            )
            result.errors = batch.errors + result.errors
            return exchange.answer(result, ld: batch.ld)
        }
    }

    private mutating func addBatchDelete() {
        add(
            RouteDescription(
                .post,
                "\(Paths.batch)/delete",
                .contextInformation,
                "Delete entities",
                clause: "6.17.3.1",
                accepts: bodies,
                body: .entityIDs,
                status: 204
            )
        ) { exchange in
            let (json, _) = try await exchange.body(to: .write)
            guard case .array(let elements) = json, !elements.isEmpty else {
                throw BrokerError(.badRequestData, "The body is not an array of entity ids.")
            }
            try exchange.checkBatchSize(elements.count)
            let names = elements.compactMap(\.stringValue)
            guard names.count == elements.count else {
                throw BrokerError(.badRequestData, "The body has an element that is not a text.")
            }
            var result = try await exchange.hub.writing.batchDelete(
                names.filter(URIText.isValid).map { EntityID($0) },
                forwarding: try exchange.forwardingOfBatch(.core),
                caller: exchange.caller
            )
            for name in names where !URIText.isValid(name) {
                let error = BrokerError(.badRequestData, "'\(name)' is not a URI.")
                result.errors.append(BatchError(EntityID(name), error))
            }
            return exchange.answer(result, ld: .core)
        }
    }

    /// Queries by POST (clauses 6.23 and 6.24).
    private mutating func addQueries() {
        add(
            RouteDescription(
                .post,
                "\(Paths.batch)/query",
                .contextInformation,
                "Query entities by POST",
                clause: "6.23.3.1",
                query: .paging + .presentation + .linking + .mapping,
                accepts: bodies,
                body: .query,
                answers: "application/json"
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .read)
            let query = QueryBody(json: json)
            return try await exchange.answerQuery(
                try query.items(with: exchange.items, isTemporal: false),
                selectors: try query.selectors(ld: ld),
                entities: query.entities,
                ld: ld
            )
        }
        add(
            RouteDescription(
                .post,
                "\(Paths.base)/temporal/entityOperations/query",
                .temporal,
                "Query temporal evolutions by POST",
                clause: "6.24.3.1",
                query: .paging + .presentation + .mapping,
                accepts: bodies,
                body: .query,
                answers: "application/json"
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .read)
            let query = QueryBody(json: json)
            return try await exchange.answerEvolutions(
                try query.items(with: exchange.items, isTemporal: true),
                selectors: try query.selectors(ld: ld),
                entities: query.entities,
                ld: ld
            )
        }
    }
}

/// The entities of a batch request that could be read, and the errors of the others.
private struct Batch {
    var entities: [(json: JSONValue, ld: LDContext)] = []
    var errors: [BatchError] = []
    /// The `@context` for names in the answer.
    var ld: LDContext
}

extension Exchange {
    /// The entities of a batch, each with its `@context`: its own in ld+json, otherwise the linked
    /// one.
    ///
    /// An entity whose `@context` is missing, misplaced or unavailable fails alone.
    fileprivate func batchBodies() async throws -> Batch {
        let (json, type) = try await body(to: .write)
        guard case .array(let elements) = json, !elements.isEmpty else {
            throw BrokerError(.badRequestData, "The body is not an array of entities.")
        }
        guard !elements.contains(where: \.isNull) else {
            throw BrokerError(.badRequestData, "The body has null in place of an entity.")
        }
        try refuseLink(with: type)
        try checkBatchSize(elements.count)
        var batch = Batch(ld: .core)
        if type == .json { batch.ld = try await ldContext() }
        batch.entities.reserveCapacity(elements.count)
        for element in elements {
            do throws(BrokerError) {
                batch.entities.append((element, try await ldContext(of: element, type)))
            } catch {
                batch.errors.append(BatchError(element.entityID, error))
            }
        }
        // The answer has identifiers alone, for which the core @context is enough.
        if type == .jsonLD, let first = batch.entities.first?.ld, first.url != nil {
            batch.ld = first
        }
        return batch
    }

    /// How a batch may be passed on; nil where it is local.
    fileprivate func forwardingOfBatch(_ ld: LDContext) throws(BrokerError) -> Forwarding? {
        // Each element says which entity it is about.
        try items.flag("local") ? nil : forwarding([EntitySelection()], ld)
    }

    fileprivate func checkBatchSize(_ count: Int) throws(BrokerError) {
        guard count <= hub.limits.maximumBatch else {
            throw BrokerError(
                .payloadTooLarge,
                "A batch has \(hub.limits.maximumBatch) elements at most, not \(count)."
            )
        }
    }

    /// The answer of a batch: 201, 204 or 207 (clauses 6.14 to 6.17).
    fileprivate func answer(
        _ result: BatchResult,
        ld: LDContext
    ) -> Response {
        let created = JSONValue.array(result.created.map { .string($0.uri) })
        if result.errors.isEmpty {
            return result.created.isEmpty
                ? answer(.noContent)
                : answer(created.serialized, .json, ld: ld, status: .created)
        }
        if let denied = result.errors.first(where: { $0.error.code == .forbidden }) {
            context.denials?.note(denied.error.code, request.head, context)
        }
        let succeeded = (result.created + result.changed).map { JSONValue.string($0.uri) }
        let body: JSONValue = [
            "success": .array(succeeded),
            "errors": .array(
                result.errors.map { failure in
                    var entry: JSONObject = [
                        "entityId": failure.id.map { .string($0.uri) } ?? .null
                    ]
                    if let registration = failure.registration {
                        entry["registrationId"] = .string(registration)
                    }
                    entry["error"] = .object(ProblemDetails(failure.error).json)
                    return .object(entry)
                }
            ),
        ]
        return answer(body.serialized, .json, ld: nil, status: .multiStatus)
    }
}
