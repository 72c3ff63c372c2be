import ContextModel
package import Governance
package import Storage

extension Reading {
    /// Create EntityMap for Query Temporal Evolution of Entities (clause 5.14.5).
    ///
    /// The paging of the query is ignored: the map lists all entities found.
    package func createEntityMap(
        of query: TemporalQuery,
        _ request: EntityMapRequest,
        caller: Caller
    ) async throws -> Disclosed<ShownEntityMap> {
        let session = try await session(caller, condition: query.condition)
        let (map, entries) = try await makeEntityMap(of: query, request, session, caller)
        return try await session.seal(map.shown(listing: entries.ids))
    }

    /// Creates a map of the entities that the query finds with the grant, at one moment.
    func makeEntityMap(
        of query: TemporalQuery,
        _ request: EntityMapRequest,
        _ session: ReadSession,
        _ caller: Caller
    ) async throws -> (map: EntityMap, entries: EntityMapEntries) {
        let all = query.identifying(limit: limits.maximumEntityMapEntities + 1)
        let ids = try await session.read { try $0.evolutions(all).evolutions.map(\.id) }
        return try await makeEntityMap(of: ids, .evolutions, request, session.documents, caller)
    }
}

extension TemporalQuery {
    /// The query that finds the same entities and reads as little as possible.
    func identifying(limit: Int) -> TemporalQuery {
        var query = self
        query.aggregation = nil
        query.instanceLimit = 0
        query.offset = 0
        query.limit = limit
        query.wantsCount = false
        return query
    }
}
