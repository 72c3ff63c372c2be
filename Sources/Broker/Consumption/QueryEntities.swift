import ContextModel
package import Governance
package import Storage

extension Hub {
    /// Query Entities (clause 5.7.2).
    package func queryEntities(_ query: EntityQuery, caller: Caller) async throws -> EntityPage {
        let (store, grant) = try await reading(
            caller,
            condition: query.condition,
            sortedBy: query.order.flatMap(\.attributeNames)
        )
        return try await store.entities(query, grant: grant)
    }
}

extension SortKey {
    /// The attributes whose values the key tells of.
    var attributeNames: [IRI] {
        switch subject {
        case .path(let path): path.names
        case .distance: [.location]
        case .id, .type, .createdAt, .modifiedAt: []
        }
    }
}
