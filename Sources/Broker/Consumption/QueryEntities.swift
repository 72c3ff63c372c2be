package import ContextModel
package import Governance
package import Storage

extension Hub {
    /// Query Entities (clause 5.7.2), with the Linked Entities that the representation asks for.
    ///
    /// Entities of which it would show nothing are left out.
    package func queryEntities(
        _ query: EntityQuery,
        shownAs representation: Representation = Representation(),
        caller: Caller
    ) async throws -> (page: EntityPage<EncodedEntity>, linked: LinkedEntities?) {
        let (store, grant) = try await reading(
            caller,
            condition: query.condition,
            sortedBy: query.order.flatMap(\.attributeNames)
        )
        var query = query
        query.condition = try await linkedTargets(
            query.condition,
            from: store,
            grant: grant
        )
        let picked = representation.projection.picked(hidden: grant.hiddenAttributes)
        query.condition = query.condition.and(picked)
        let page = try await store.encodedEntities(query, grant: grant)
        let linked = try await linkedEntities(
            of: page.entities,
            in: representation,
            from: store,
            grant: grant
        )
        return (page, linked)
    }
}
