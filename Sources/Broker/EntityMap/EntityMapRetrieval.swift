package import ContextModel
package import Governance

extension Reading {
    /// The EntityMap of retrieving one entity (clauses 5.5.14, 5.7.1.4 and 5.7.3.4): the one referred
    /// to, or a new one that lists it.
    ///
    /// A map says which sources are asked; what the hub has itself is shown whether listed or not.
    /// The entity must be one that the caller may see: a new map tells that it is there.
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
