package import ContextModel
package import Governance
package import Storage

extension Hub {
    /// Create EntityMap for Query Entities (clause 5.14.4).
    ///
    /// Paging of the query is ignored: the map lists all that it finds.
    package func createEntityMap(
        of query: EntityQuery,
        _ request: EntityMapRequest,
        caller: Caller
    ) async throws -> JSONObject {
        let (store, grant) = try await reading(
            caller,
            condition: query.condition,
            sortedBy: query.order.flatMap(\.attributeNames)
        )
        var query = query
        query.condition = try await linkedTargets(query.condition, from: store, grant: grant)
        let (map, entries) = try await makeEntityMap(of: query, request, store, grant, caller)
        return map.shown(listing: entries.ids)
    }

    /// The map of what the query finds for the grant, at one moment.
    func makeEntityMap(
        of query: EntityQuery,
        _ request: EntityMapRequest,
        _ store: any TenantStore,
        _ grant: ReadGrant,
        _ caller: Caller
    ) async throws -> (map: EntityMap, entries: EntityMapEntries) {
        let all = EntityQuery(
            condition: query.condition,
            order: query.order,
            limit: limits.maximumEntityMapEntities + 1
        )
        let ids = try await store.identifiers(all, grant: grant)
        return try await makeEntityMap(of: ids, .entities, request, store, caller)
    }
}
