package import ContextModel
package import Governance

extension Reading {
    /// The EntityMap for retrieving one entity (clauses 5.5.14, 5.7.1.4 and 5.7.3.4): the one of
    /// the request, or a new one that lists the entity.
    ///
    /// A map says which sources are asked; the hub's own entity is shown whether it is listed or
    /// not. The caller must be allowed to see the entity, because a new map shows that it exists.
    package func entityMap(
        ofRetrieving id: EntityID,
        _ subject: EntityMap.Subject,
        _ request: EntityMapRequest,
        caller: Caller
    ) async throws -> String {
        let store = try await session(caller).documents
        let (map, _, _) = try await entityMap(request, subject, store, caller) {
            try await self.makeEntityMap(of: [id], subject, request, store, caller)
        }
        return map.id
    }
}
