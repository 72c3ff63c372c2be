import ContextModel
import Federation
import Governance
import Storage

/// Retrievals and queries of entities over registered sources (clauses 4.3.6, 5.7.1 and 5.7.2).
extension Reading {
    /// The answer to a query that registered sources match; nil when none does.
    ///
    /// A page has first the entities of which no source has a part, as the store finds them, and
    /// then the others in the order of their identifiers, so no page asks for more of the store
    /// than it shows. Throws `badRequestData` for an order, which only one hub can give (clause
    /// 5.7.2.4).
    func federatedQuery(
        _ query: EntityQuery,
        _ representation: Representation,
        _ forwarding: Forwarding,
        _ session: ReadSession,
        _ caller: Caller
    ) async throws -> Disclosed<EntityAnswer>? {
        let question = question(query.condition, representation, forwarding, session.grant)
        // Who may see nothing here learns nothing from elsewhere.
        guard session.grant.condition != .nothing,
            let gathered = try await federating.gather(
                question,
                datasetIDs: representation.datasetIDs,
                forwarding,
                caller
            )
        else { return nil }
        guard query.order.isEmpty else {
            throw BrokerError(
                .badRequestData,
                "orderBy needs local=true: other sources are asked, and have no common order."
            )
        }
        let reader = LinkedEntityReader(limit: limits.maximumLinkedEntities)
        var query = query
        if query.condition.isAboutLinked {
            query.condition = try await session.read { [query] in
                try reader.targets(query.condition, $0)
            }
        }
        let merged = try await session.merged(gathered, where: query.condition, at: clock())
        let found = Set(gathered.parts.keys)
        if !found.isEmpty { query.condition = query.condition.and(.not(.ids(found))) }
        let isCounted = query.wantsCount
        query.wantsCount = isCounted || !merged.isEmpty
        let answer = try await session.read { [query] transaction in
            let own = try transaction.encodedEntities(query)
            let page = own.followed(by: merged, query, isCounted: isCounted)
            let linked = try reader.all(
                linkedFrom: page.entities,
                in: representation,
                transaction
            )
            return EntityAnswer(page: page, linked: linked, map: nil)
        }
        return try await session.seal(answer, warnings: gathered.warnings)
    }

    /// The answer to a retrieval that registered sources match; nil when none does.
    ///
    /// Throws `resourceNotFound`, with the warnings, when neither the hub nor a source has the
    /// entity, or the reader may not see it.
    func federatedRetrieval(
        of id: EntityID,
        where condition: Condition,
        _ representation: Representation,
        _ forwarding: Forwarding,
        _ session: ReadSession,
        _ caller: Caller
    ) async throws -> Disclosed<RetrievedEntity>? {
        let question = question(condition, representation, forwarding, session.grant)
        guard session.grant.condition != .nothing,
            let gathered = try await federating.gather(
                question,
                isRetrieval: true,
                datasetIDs: representation.datasetIDs,
                forwarding,
                caller
            )
        else { return nil }
        var entity = try await session.merged(gathered, at: clock()).first
        if gathered.parts.isEmpty { entity = try await session.entity(id) }
        guard let entity, try entity.isAnswer(where: condition, shownAs: representation) else {
            var error = BrokerError.unknown(id)
            error.warnings = gathered.warnings
            throw error
        }
        var linked: LinkedEntities?
        if representation.join != nil {
            let reader = LinkedEntityReader(limit: limits.maximumLinkedEntities)
            linked = try await session.read {
                try reader.all(linkedFrom: [entity], in: representation, $0)
            }
        }
        let answer = RetrievedEntity(entity: entity, linked: linked)
        return try await session.seal(answer, warnings: gathered.warnings)
    }

    /// What is asked of all sources.
    ///
    /// Sources decide filters only where the reader may see all that these look at: what is shaped
    /// for it could be found out by asking again and again.
    private func question(
        _ condition: Condition,
        _ representation: Representation,
        _ forwarding: Forwarding,
        _ grant: ReadGrant
    ) -> FederatedQuestion {
        let projection = representation.projection
        let wanted = projection.entityMembers == nil ? projection.attributes ?? [] : []
        let hidden = grant.hidden
        return FederatedQuestion(
            selections: forwarding.selections,
            attributes: wanted,
            filters: forwarding.filters,
            filterAttributes: Set(condition.attributeNames),
            passesFilters: !forwarding.expectsSplitEntities && !condition.isAboutLinked
                && (hidden.isEmpty || hidden.isUniform && !condition.testsModification),
            narrowsAttributes: !forwarding.expectsSplitEntities && hidden.isUniform
                && !grant.condition.looksAtAttributes
        )
    }
}

extension EntityPage<EncodedEntity> {
    /// The page of the store's entities, which were counted if others follow, with those after it.
    fileprivate func followed(
        by others: [EncodedEntity],
        _ query: EntityQuery,
        isCounted: Bool
    ) -> EntityPage<EncodedEntity> {
        guard !others.isEmpty, let own = count else { return self }
        let begin = min(max(0, query.offset - own), others.count)
        let rest = others[begin...].prefix(query.limit - entities.count)
        return EntityPage(
            entities: entities + rest,
            count: isCounted ? own + others.count : nil,
            hasMore: own + others.count > query.offset + query.limit
        )
    }
}
