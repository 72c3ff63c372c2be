import ContextModel
package import Governance
import Storage

extension Reading {
    /// Retrieve EntityMap (clause 5.14.1).
    ///
    /// It lists the entities that the caller may see now: deleted and hidden ones are not shown.
    package func retrieveEntityMap(
        _ id: String,
        caller: Caller
    ) async throws -> Disclosed<ShownEntityMap> {
        let session = try await session(caller)
        guard let (map, entries) = try await entityMap(id, session.documents, caller) else {
            throw BrokerError.unknownEntityMap(id)
        }
        let ids = entries.ids
        var visible: Set<EntityID> = []
        for start in stride(from: 0, to: ids.count, by: Self.entitiesPerLook) {
            let some = Set(ids[start..<min(start + Self.entitiesPerLook, ids.count)])
            let found = try await session.read { try $0.identifiers(of: some, map.subject) }
            visible.formUnion(found)
        }
        return try await session.seal(map.shown(listing: ids.filter(visible.contains)))
    }

    /// The entities looked up in one query.
    private static let entitiesPerLook = 1_000
}

extension ReadTransaction {
    /// The entities, or evolutions, that the reader may see.
    fileprivate func identifiers(
        of ids: Set<EntityID>,
        _ subject: EntityMap.Subject
    ) throws -> [EntityID] {
        switch subject {
        case .entities: return try identifiers(EntityQuery(condition: .ids(ids), limit: ids.count))
        case .evolutions:
            let query = TemporalQuery(
                condition: .ids(ids),
                timeProperty: .createdAt,
                instanceLimit: 1,
                limit: ids.count
            )
            return try evolutions(query.identifying(limit: ids.count)).evolutions.map(\.id)
        }
    }
}
