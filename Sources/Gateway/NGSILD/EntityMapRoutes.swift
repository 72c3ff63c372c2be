import Broker
import ContextModel
import HTTPTypes
import Hummingbird
import Storage

extension NGSILDRoutes {
    /// EntityMaps (clauses 6.32, 6.34 and 6.35).
    mutating func addEntityMapRoutes() {
        add(
            RouteDescription(
                .get,
                Paths.entityMaps,
                .entityMaps,
                "Create an EntityMap of queried entities",
                clause: "6.34.3.1",
                query: .selection + .paging + .presentation + .linking + .mapping,
                answers: "application/json",
                status: 201
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            return try await exchange.createEntityMap(exchange.items, selectors: nil, ld: ld)
        }
        add(
            RouteDescription(
                .post,
                Paths.entityMaps,
                .entityMaps,
                "Create an EntityMap of entities queried by POST",
                clause: "6.34.3.2",
                query: .paging + .presentation + .linking + .mapping,
                accepts: bodies,
                body: .query,
                answers: "application/json",
                status: 201
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .read)
            let query = QueryBody(json: json)
            return try await exchange.createEntityMap(
                try query.items(with: exchange.items, isTemporal: false),
                selectors: try query.selectors(ld: ld),
                entities: query.entities,
                ld: ld
            )
        }
        addTemporalEntityMapRoutes()
        addOneEntityMapRoutes()
    }

    private mutating func addTemporalEntityMapRoutes() {
        add(
            RouteDescription(
                .get,
                Paths.temporalEntityMaps,
                .entityMaps,
                "Create an EntityMap of queried temporal evolutions",
                clause: "6.35.3.1",
                query: .selection + .paging + .presentation + .time + .mapping,
                answers: "application/json",
                status: 201
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            return try await exchange.createTemporalEntityMap(
                exchange.items,
                selectors: nil,
                ld: ld
            )
        }
        add(
            RouteDescription(
                .post,
                Paths.temporalEntityMaps,
                .entityMaps,
                "Create an EntityMap of temporal evolutions queried by POST",
                clause: "6.35.3.2",
                query: .paging + .presentation + .mapping,
                accepts: bodies,
                body: .query,
                answers: "application/json",
                status: 201
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .read)
            let query = QueryBody(json: json)
            return try await exchange.createTemporalEntityMap(
                try query.items(with: exchange.items, isTemporal: true),
                selectors: try query.selectors(ld: ld),
                entities: query.entities,
                ld: ld
            )
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
            let map = try await exchange.hub.retrieveEntityMap(
                try exchange.uri("entityMapId"),
                caller: exchange.caller
            )
            return try exchange.answer(.object(map), ld: .core)
        }
        add(
            RouteDescription(
                .patch,
                path,
                .entityMaps,
                "Update an EntityMap",
                clause: "6.32.3.2",
                accepts: patches,
                body: .entityMapFragment,
                status: 204
            )
        ) { exchange in
            let (json, _) = try await exchange.bodyWithContext(to: .read, allowing: patchTypes)
            try await exchange.hub.updateEntityMap(
                try exchange.uri("entityMapId"),
                json,
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
        }
        add(
            RouteDescription(
                .delete,
                path,
                .entityMaps,
                "Delete an EntityMap",
                clause: "6.32.3.3",
                status: 204
            )
        ) { exchange in
            try await exchange.hub.deleteEntityMap(
                try exchange.uri("entityMapId"),
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
        }
    }
}

extension Exchange {
    fileprivate func createEntityMap(
        _ items: QueryItems,
        selectors: Condition?,
        entities: JSONValue? = nil,
        ld: LDContext
    ) async throws -> Response {
        _ = try accepted()
        let (parameters, query) = try entityQuery(items, selectors: selectors, ld: ld)
        // Its terms are checked, though the map shows nothing of them (clause 5.14.4.4).
        _ = try parameters.representation()
        let map = try await hub.createEntityMap(
            of: query,
            try newEntityMap(items, entities: entities, ld: ld),
            caller: caller
        )
        return try created(map)
    }

    fileprivate func createTemporalEntityMap(
        _ items: QueryItems,
        selectors: Condition?,
        entities: JSONValue? = nil,
        ld: LDContext
    ) async throws -> Response {
        _ = try accepted()
        let (_, query) = try temporalQuery(items, selectors: selectors, ld: ld)
        let map = try await hub.createEntityMap(
            of: query,
            try newEntityMap(items, entities: entities, ld: ld),
            caller: caller
        )
        return try created(map)
    }

    private func created(_ map: JSONObject) throws(BrokerError) -> Response {
        var response = try answer(.object(map), ld: .core)
        response.status = .created
        response.headers.append(
            contentsOf: headers(forEntityMap: map["id"]?.stringValue)
        )
        return response
    }
}
