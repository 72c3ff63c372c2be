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
    /// 5.7.2.4), before any source is asked.
    func federatedQuery(
        _ query: EntityQuery,
        _ representation: Representation,
        _ forwarding: Forwarding,
        _ session: ReadSession,
        _ caller: Caller
    ) async throws -> Disclosed<EntityAnswer>? {
        let asked = try await asked(
            query.condition,
            representation,
            forwarding,
            session,
            caller
        )
        guard let asked else { return nil }
        guard query.order.isEmpty else {
            throw BrokerError(
                .badRequestData,
                "orderBy needs local=true: other sources are asked, and have no common order."
            )
        }
        let gathered = try await gather(asked, session)
        defer { withExtendedLifetime(gathered.memory) {} }
        let reader = LinkedEntityReader(limit: limits.maximumLinkedEntities)
        let here = session.without(asked.plan.claims)
        var query = query
        if query.condition.isAboutLinked {
            query.condition = try await here.read { [query] in
                try reader.targets(query.condition, $0)
            }
        }
        let merged = try await session.merged(
            gathered,
            claims: asked.plan.claims,
            where: query.condition,
            at: clock()
        )
        let found = Set(gathered.parts.keys)
        if !found.isEmpty { query.condition = query.condition.and(.not(.ids(found))) }
        let answer = try await here.read { [query, limits] transaction in
            let page = try EntityPage.first(of: query, followedBy: merged) {
                try transaction.encodedEntities($0)
            }
            let linked = try reader.all(
                linkedFrom: page.entities,
                in: representation,
                transaction
            )
            let counted = try session.counted(
                by: query,
                page.count,
                shown: page.entities.count,
                with: merged,
                most: limits.maximumPage,
                transaction
            )
            return EntityAnswer(page: page, linked: linked, map: nil, counted: counted)
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
        let asked = try await asked(
            condition,
            isRetrieval: true,
            representation,
            forwarding,
            session,
            caller
        )
        guard let asked else { return nil }
        let gathered = try await gather(asked, session)
        defer { withExtendedLifetime(gathered.memory) {} }
        let (here, claims) = (session.without(asked.plan.claims), asked.plan.claims)
        var entity = try await session.merged(gathered, claims: claims, at: clock()).first
        if gathered.parts.isEmpty { entity = try await here.entity(id) }
        guard let entity, try entity.isAnswer(where: condition, shownAs: representation) else {
            var error = BrokerError.unknown(id)
            error.warnings = gathered.warnings
            throw error
        }
        var linked: LinkedEntities?
        if representation.join != nil {
            let reader = LinkedEntityReader(limit: limits.maximumLinkedEntities)
            linked = try await here.read {
                try reader.all(linkedFrom: [entity], in: representation, $0)
            }
        }
        let answer = RetrievedEntity(entity: entity, linked: linked)
        return try await session.seal(answer, warnings: gathered.warnings)
    }

    /// Who is asked, and what the record then says of it.
    struct AskedSources {
        var plan: Federating.Asked
        var disclosures: SourceDisclosures
    }

    /// Who is to be asked for what a caller wants; nil where nobody is.
    func asked(
        _ condition: Condition,
        isRetrieval: Bool = false,
        history: HistoryQuestion? = nil,
        _ representation: Representation,
        _ forwarding: Forwarding,
        _ session: ReadSession,
        _ caller: Caller
    ) async throws -> AskedSources? {
        // Who may see nothing here learns nothing from elsewhere.
        guard session.grant.condition != .nothing,
            try await federating.hasSources(caller.tenant)
        else { return nil }
        let ids = forwarding.selections.reduce(into: Set<EntityID>()) {
            $0.formUnion($1.ids ?? [])
        }
        let own = ids.isEmpty ? [:] : try await session.ownParts(of: ids)
        guard let forwarding = try session.askable(forwarding, knowing: own) else { return nil }
        var question = question(condition, representation, forwarding, session.grant)
        question.history = history
        guard
            var plan = try await federating.plan(
                question,
                isRetrieval: isRetrieval,
                datasetIDs: representation.datasetIDs,
                forwarding,
                caller
            )
        else { return nil }
        if history != nil {
            plan.undecidable = plan.plan.keep { session.grant.decidesHistories(of: $0) }
        }
        let policy = try await access.policy(of: caller.tenant)
        var disclosures = SourceDisclosures(policy.classification)
        disclosures.tell(plan.plan.questions, knowing: own)
        return AskedSources(plan: plan, disclosures: disclosures)
    }

    /// Asks the sources, when the record says whom they are told of.
    func gather(
        _ asked: AskedSources,
        _ session: ReadSession
    ) async throws -> Federating.Gathered {
        try await session.note(asked.disclosures)
        return await federating.gather(asked.plan)
    }

    /// What is asked of all sources.
    ///
    /// Sources decide filters only where the reader may see all that these look at: what is shaped
    /// for it could be found out by asking again and again. Where data about people is read they
    /// decide none, as a filter may name somebody.
    func question(
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
                && grant.notes == nil
                && (hidden.isEmpty || hidden.isUniform && !condition.testsModification),
            narrowsAttributes: !forwarding.expectsSplitEntities && hidden.isUniform
                && !grant.condition.looksAtAttributes
        )
    }
}

extension EntityPage<EncodedEntity> {
    /// A page of the store's entities, with others after all of them.
    ///
    /// The store counts its entities only where the caller wants to know, or where a page begins
    /// after the last of them.
    static func first(
        of query: EntityQuery,
        followedBy others: [EncodedEntity],
        _ read: (EntityQuery) throws -> EntityPage<EncodedEntity>
    ) throws -> EntityPage<EncodedEntity> {
        let own = try read(query)
        guard !others.isEmpty else { return own }
        var before = own.count
        if before == nil, own.entities.count < query.limit {
            before = query.offset + own.entities.count
            if own.entities.isEmpty, query.offset > 0 {
                var all = query
                (all.offset, all.limit, all.wantsCount) = (0, 0, true)
                before = try read(all).count
            }
        }
        guard let before else {
            return EntityPage(entities: own.entities, count: nil, hasMore: true)
        }
        let begin = min(max(0, query.offset - before), others.count)
        let rest = others[begin...].prefix(query.limit - own.entities.count)
        return EntityPage(
            entities: own.entities + rest,
            count: query.wantsCount ? before + others.count : nil,
            hasMore: before + others.count > query.offset + query.limit
        )
    }
}
