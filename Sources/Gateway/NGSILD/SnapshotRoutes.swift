import Broker
import ContextModel
import HTTPTypes
import Hummingbird
import Storage

extension NGSILDRoutes {
    /// Adds the routes of snapshots (clauses 6.36 to 6.38).
    mutating func addSnapshotRoutes() {
        add(
            RouteDescription(
                .post,
                Paths.snapshots,
                .snapshots,
                "Create a snapshot",
                clause: "6.36.3.1",
                accepts: bodies,
                body: .snapshot,
                status: 201
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .read, isKept: true)
            let id = try await exchange.hub.snapshotting.createSnapshot(
                json,
                try exchange.snapshotQueries(in: json, ld: ld),
                temporal: try exchange.snapshotTemporalQueries(in: json, ld: ld),
                ld: ld,
                caller: exchange.caller
            )
            return exchange.created(at: "\(Paths.snapshots)/\(QueryItems.encode(id))")
        }
        add(
            RouteDescription(
                .delete,
                Paths.snapshots,
                .snapshots,
                "Purge snapshots",
                clause: "6.36.3.2",
                query: [QueryParameter("q", "Condition on members of snapshots", isRequired: true)],
                status: 204
            )
        ) { exchange in
            guard let q = try exchange.items.text("q") else {
                throw BrokerError(.badRequestData, "A purge of snapshots needs a q.")
            }
            try await exchange.hub.snapshotting.purgeSnapshots(where: q, caller: exchange.caller)
            return exchange.answer(.noContent)
        }
        addOneSnapshotRoutes()
        addCloneRoute()
    }

    private mutating func addOneSnapshotRoutes() {
        let path = Paths.snapshots + "/{snapshotId}"
        add(
            RouteDescription(
                .get,
                path,
                .snapshots,
                "Retrieve the status of a snapshot",
                clause: "6.37.3.1",
                answers: "application/json"
            )
        ) { exchange in
            _ = try exchange.accepted()
            let (status, ld) = try await exchange.hub.snapshotting.retrieveSnapshotStatus(
                try exchange.uri("snapshotId"),
                caller: exchange.caller
            )
            return try await exchange.answer(status, writtenWith: ld)
        }
        add(
            RouteDescription(
                .patch,
                path,
                .snapshots,
                "Update the status of a snapshot",
                clause: "6.37.3.2",
                accepts: patches,
                body: .snapshotFragment,
                answers: "application/json"
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(
                to: .read,
                isKept: true,
                allowing: patchTypes
            )
            let (status, original) = try await exchange.hub.snapshotting.updateSnapshotStatus(
                try exchange.uri("snapshotId"),
                json,
                ld: ld,
                caller: exchange.caller
            )
            return try await exchange.answer(status, writtenWith: original)
        }
        add(
            RouteDescription(
                .delete,
                path,
                .snapshots,
                "Delete a snapshot",
                clause: "6.37.3.3",
                status: 204
            )
        ) { exchange in
            try await exchange.hub.snapshotting.deleteSnapshot(
                try exchange.uri("snapshotId"),
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
        }
    }

    private mutating func addCloneRoute() {
        add(
            RouteDescription(
                .post,
                Paths.snapshots + "/{snapshotId}/clone",
                .snapshots,
                "Clone a snapshot",
                clause: "6.38.3.1",
                accepts: bodies,
                body: .snapshotFragment,
                status: 201
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .read, isKept: true)
            let id = try await exchange.hub.snapshotting.cloneSnapshot(
                try exchange.uri("snapshotId"),
                json,
                ld: ld,
                caller: exchange.caller
            )
            return exchange.created(at: "\(Paths.snapshots)/\(QueryItems.encode(id))")
        }
    }
}

extension Exchange {
    /// The status of a snapshot, with the `@context` with which it was created.
    fileprivate func answer(
        _ status: JSONObject,
        writtenWith ld: LDContext
    ) async throws -> Response {
        var response = try answer(.object(status), ld: ld)
        response.headers.append(contentsOf: try await headers(linkingTo: ld, try accepted()))
        return response
    }
}

/// Reading the queries of a snapshot, which are like those of a POST (clause 5.2.23).
extension Exchange {
    fileprivate func snapshotQueries(
        in json: JSONValue,
        ld: LDContext
    ) throws(BrokerError) -> [SnapshotQuery] {
        try queries("snapshotQueries", in: json).map { query throws(BrokerError) in
            let selectors = try query.selectors(ld: ld)
            let items = try query.items(with: QueryItems(), isTemporal: false)
            let (parameters, entities) = try entityQuery(items, selectors: selectors, ld: ld)
            return SnapshotQuery(entities, shownAs: try parameters.representation())
        }
    }

    fileprivate func snapshotTemporalQueries(
        in json: JSONValue,
        ld: LDContext
    ) throws(BrokerError) -> [TemporalQuery] {
        try queries("snapshotTemporalQueries", in: json).map { query throws(BrokerError) in
            let selectors = try query.selectors(ld: ld)
            let items = try query.items(with: QueryItems(), isTemporal: true)
            return try temporalQuery(items, selectors: selectors, ld: ld).1
        }
    }

    private func queries(
        _ member: String,
        in json: JSONValue
    ) throws(BrokerError) -> [QueryBody] {
        guard let value = json.objectValue?[member] else { return [] }
        guard let array = value.arrayValue, !array.isEmpty else {
            throw BrokerError(
                .badRequestData,
                "'\(member)' is an array of queries, not \(value.excerpt)."
            )
        }
        return array.map(QueryBody.init)
    }
}
