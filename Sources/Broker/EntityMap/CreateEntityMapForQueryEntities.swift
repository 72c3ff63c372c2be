import ContextModel
package import Governance
package import Storage

extension Reading {
    /// Create EntityMap for Query Entities (clause 5.14.4).
    ///
    /// The paging of the query is ignored: the map lists all entities found.
    package func createEntityMap(
        of query: EntityQuery,
        _ request: EntityMapRequest,
        caller: Caller
    ) async throws -> Disclosed<ShownEntityMap> {
        let session = try await session(of: query, caller)
        let (map, entries) = try await makeEntityMap(of: query, request, session, caller)
        return try await session.seal(map.shown(listing: entries.ids))
    }

    /// Creates a map of the entities that the query finds with the grant, at one moment.
    func makeEntityMap(
        of query: EntityQuery,
        _ request: EntityMapRequest,
        _ session: ReadSession,
        _ caller: Caller
    ) async throws -> (map: EntityMap, entries: EntityMapEntries) {
        let all = EntityQuery(
            condition: query.condition,
            order: query.order,
            limit: limits.maximumEntityMapEntities + 1
        )
        let reader = LinkedEntityReader(limit: limits.maximumLinkedEntities)
        let ids = try await session.read { transaction in
            var all = all
            all.condition = try reader.targets(all.condition, transaction)
            return try transaction.identifiers(all)
        }
        return try await makeEntityMap(of: ids, .entities, request, session.documents, caller)
    }
}
