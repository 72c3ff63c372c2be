import Broker
import ContextModel
import HTTPTypes
import Hummingbird
import Storage

extension NGSILDRoutes {
    /// Adds the routes of EntityMaps (clauses 6.32, 6.34 and 6.35).
    mutating func addEntityMapRoutes() {
        addEntityMapCreation(
            Paths.entityMaps,
            clause: "6.34.3",
            "queried entities",
            "entities queried by POST",
            query: .paging + .presentation + .linking + .mapping
        ) { try await $0.createEntityMap($1) }
        addEntityMapCreation(
            Paths.temporalEntityMaps,
            clause: "6.35.3",
            "queried temporal evolutions",
            "temporal evolutions queried by POST",
            query: .paging + .presentation + .mapping,
            isTemporal: true
        ) { try await $0.createTemporalEntityMap($1) }
        addOneEntityMapRoutes()
    }

    /// Adds the two routes that create an EntityMap: one takes its query from the parameters, the other
    /// from the body.
    private mutating func addEntityMapCreation(
        _ path: String,
        clause: String,
        _ queried: String,
        _ queriedByPost: String,
        query: [QueryParameter],
        isTemporal: Bool = false,
        _ create: @escaping @Sendable (Exchange, MappedQuery) async throws -> Response
    ) {
        add(
            RouteDescription(
                .get,
                path,
                .entityMaps,
                "Create an EntityMap of \(queried)",
                clause: clause + ".1",
                query: .selection + query + (isTemporal ? .time : []),
                answers: "application/json",
                status: 201
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            return try await create(exchange, MappedQuery(items: exchange.items, ld: ld))
        }
        add(
            RouteDescription(
                .post,
                path,
                .entityMaps,
                "Create an EntityMap of \(queriedByPost)",
                clause: clause + ".2",
                query: query,
                accepts: bodies,
                body: .query,
                answers: "application/json",
                status: 201
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .read)
            let body = QueryBody(json: json)
            let mapped = MappedQuery(
                items: try body.items(with: exchange.items, isTemporal: isTemporal),
                selectors: try body.selectors(ld: ld),
                entities: body.entities,
                ld: ld
            )
            return try await create(exchange, mapped)
        }
    }

    private mutating func addOneEntityMapRoutes() {
        let path = Paths.entityMaps + "/{entityMapId}"
        add(
            RouteDescription(
                .get,
                path,
                .entityMaps,
                "Retrieve an EntityMap",
                clause: "6.32.3.1",
                answers: "application/json"
            )
        ) { exchange in
            _ = try exchange.accepted()
            let map = try await exchange.hub.reading.retrieveEntityMap(
                try exchange.uri("entityMapId"),
                caller: exchange.caller
            )
            return try exchange.answer(.object(map.json), ld: .core)
        }
        addUpdate(
            path,
            .entityMaps,
            "Update an EntityMap",
            clause: "6.32.3.2",
            body: .entityMapFragment,
            to: .read
        ) { exchange, json, _ in
            let id = try exchange.uri("entityMapId")
            try await exchange.hub.reading.updateEntityMap(id, json, caller: exchange.caller)
        }
        addDeletion(path, .entityMaps, "Delete an EntityMap", clause: "6.32.3.3") { exchange in
            let id = try exchange.uri("entityMapId")
            try await exchange.hub.reading.deleteEntityMap(id, caller: exchange.caller)
        }
    }
}

/// The query of a new EntityMap, from parameters or a body.
private struct MappedQuery {
    var items: QueryItems
    var selectors: Condition?
    var entities: JSONValue?
    var ld: LDContext
}

extension Exchange {
    fileprivate func createEntityMap(_ mapped: MappedQuery) async throws -> Response {
        _ = try accepted()
        let (parameters, query) = try entityQuery(
            mapped.items,
            selectors: mapped.selectors,
            ld: mapped.ld
        )
        // Its terms are checked, although the map shows nothing of them (clause 5.14.4.4).
        _ = try parameters.representation()
        return try created(
            try await hub.reading.createEntityMap(of: query, try request(mapped), caller: caller)
        )
    }

    fileprivate func createTemporalEntityMap(_ mapped: MappedQuery) async throws -> Response {
        _ = try accepted()
        let (_, query) = try temporalQuery(
            mapped.items,
            selectors: mapped.selectors,
            ld: mapped.ld
        )
        return try created(
            try await hub.reading.createEntityMap(of: query, try request(mapped), caller: caller)
        )
    }

    private func request(_ mapped: MappedQuery) throws -> EntityMapRequest {
        try newEntityMap(mapped.items, entities: mapped.entities, ld: mapped.ld)
    }

    private func created(_ map: Disclosed<ShownEntityMap>) throws(BrokerError) -> Response {
        var response = try answer(.object(map.json), ld: .core)
        response.status = .created
        response.headers.append(
            contentsOf: headers(forEntityMap: map.json["id"]?.stringValue)
        )
        return response
    }
}
