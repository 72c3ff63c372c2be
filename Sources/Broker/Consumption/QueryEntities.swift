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
    ) async throws -> Disclosed<EntityAnswer> {
        let session = try await session(of: query, caller)
        var query = query
        let picked = representation.projection.picked(hidden: session.grant.hiddenAttributes)
        guard representation.join != nil || query.condition.isAboutLinked else {
            query.condition = query.condition.and(picked)
            let page = try await session.entities(query)
            return session.seal(EntityAnswer(page: page, linked: nil, map: nil))
        }
        let reader = LinkedEntityReader(limit: limits.maximumLinkedEntities)
        let answer = try await session.read { [query] transaction in
            var query = query
            query.condition = try reader.targets(query.condition, transaction).and(picked)
            let page = try transaction.encodedEntities(query)
            let linked = try reader.all(
                linkedFrom: page.entities,
                in: representation,
                transaction
            )
            return EntityAnswer(page: page, linked: linked, map: nil)
        }
        return session.seal(answer)
    }

    /// The session of a query: what it filters and sorts by must be there for the caller.
    func session(of query: EntityQuery, _ caller: Caller) async throws -> ReadSession {
        try await session(
            caller,
            condition: query.condition,
            sortedBy: query.order.flatMap(\.attributeNames)
        )
    }
}
