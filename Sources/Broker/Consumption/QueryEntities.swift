package import ContextModel
package import Governance
package import Storage

extension Reading {
    /// Query Entities (clause 5.7.2), with the Linked Entities that the representation asks for.
    ///
    /// With a request for an EntityMap, the page has entities that the map lists (clause 5.5.14).
    /// Entities of which the representation shows nothing are left out.
    ///
    /// With `forwarding`, registered sources that match are asked, and what they answer is merged
    /// before the answer is sealed; a source that fails becomes a warning of the answer. A page
    /// through an EntityMap, and Linked Entities, are of this hub alone.
    package func queryEntities(
        _ query: EntityQuery,
        through map: EntityMapRequest? = nil,
        shownAs representation: Representation = Representation(),
        forwarding: Forwarding? = nil,
        caller: Caller
    ) async throws -> Disclosed<EntityAnswer> {
        let session = try await session(of: query, caller)
        var query = query
        let picked = representation.projection.picked(hidden: session.grant.hidden.everywhere)
        query.condition = query.condition.and(picked)
        if let map {
            let answer = try await page(of: query, through: map, representation, session, caller)
            return try await session.seal(answer)
        }
        if let forwarding,
            let answer = try await federatedQuery(
                query,
                representation,
                forwarding,
                session,
                caller
            )
        {
            return answer
        }
        let isNamed = query.wantsCount && session.grant.notes != nil
        guard representation.join != nil || query.condition.isAboutLinked || isNamed else {
            let page = try await session.entities(query)
            return try await session.seal(EntityAnswer(page: page, linked: nil, map: nil))
        }
        let reader = LinkedEntityReader(limit: limits.maximumLinkedEntities)
        let answer = try await session.read { [query, limits] transaction in
            var query = query
            query.condition = try reader.targets(query.condition, transaction)
            let page = try transaction.encodedEntities(query)
            let linked = try reader.all(
                linkedFrom: page.entities,
                in: representation,
                transaction
            )
            let counted = try session.counted(
                by: query,
                page.count,
                shown: page.entities.count,
                most: limits.maximumPage,
                transaction
            )
            return EntityAnswer(page: page, linked: linked, map: nil, counted: counted)
        }
        return try await session.seal(answer)
    }

    /// The session of a query; throws when the caller may not filter or sort by one of its
    /// attributes.
    func session(of query: EntityQuery, _ caller: Caller) async throws -> ReadSession {
        try await session(
            caller,
            condition: query.condition,
            sortedBy: query.order.flatMap(\.attributeNames)
        )
    }
}
