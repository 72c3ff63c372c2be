package import ContextModel
package import Governance
import Storage

extension Hub {
    /// Retrieve EntityMap (clause 5.14.1).
    ///
    /// It lists what the caller may see now: an entity that went, or was hidden since, is not shown.
    package func retrieveEntityMap(_ id: String, caller: Caller) async throws -> JSONObject {
        let (store, grant) = try await reading(caller)
        guard let (map, entries) = try await entityMap(id, store, caller) else {
            throw BrokerError.unknownEntityMap(id)
        }
        let ids = entries.ids
        var visible: Set<EntityID> = []
        for start in stride(from: 0, to: ids.count, by: Self.entitiesPerLook) {
            let some = Set(ids[start..<min(start + Self.entitiesPerLook, ids.count)])
            visible.formUnion(try await Self.visible(some, map.subject, store, grant))
        }
        return map.shown(listing: ids.filter(visible.contains))
    }

    /// Entities looked up in one query.
    private static let entitiesPerLook = 1_000

    private static func visible(
        _ ids: Set<EntityID>,
        _ subject: EntityMap.Subject,
        _ store: any TenantStore,
        _ grant: ReadGrant
    ) async throws -> [EntityID] {
        switch subject {
        case .entities:
            let query = EntityQuery(condition: .ids(ids), limit: ids.count)
            return try await store.identifiers(query, grant: grant)
        case .evolutions:
            let query = TemporalQuery(
                condition: .ids(ids),
                timeProperty: .createdAt,
                instanceLimit: 1,
                limit: ids.count
            )
            let page = try await store.evolutions(
                query.identifying(limit: ids.count),
                grant: grant
            )
            return page.evolutions.map(\.id)
        }
    }
}
