import ContextModel
import Federation
import Governance
import Storage

/// Histories over registered sources (clauses 5.7.3 and 5.7.4).
extension Reading {
    /// The answer to a question about histories that registered sources match; nil when none does.
    ///
    /// Sources tell all instances in the range of time that they have; which of them meet the
    /// question, which are the last, and what they are together is decided here. A page has first
    /// the histories of which no source has a part, and then the others in the order of their
    /// identifiers. Sources are not asked where the caller's rights depend on more than a history
    /// always tells, and warnings say so. Throws `badRequestData` for an order (clause 5.7.4.4),
    /// before any source is asked.
    func federatedEvolutions(
        _ query: TemporalQuery,
        _ forwarding: Forwarding,
        isRetrieval: Bool,
        _ session: ReadSession,
        _ caller: Caller
    ) async throws -> Disclosed<EvolutionAnswer>? {
        let asked = try await asked(
            query.condition,
            isRetrieval: isRetrieval,
            history: history(of: query, forwarding, session.grant),
            representation(of: query),
            forwarding,
            session,
            caller
        )
        guard let asked else { return nil }
        guard query.idOrder == nil else {
            throw BrokerError(
                .badRequestData,
                "orderBy needs local=true: other sources are asked, and have no common order."
            )
        }
        let gathered = try await gather(asked, session)
        defer { withExtendedLifetime(gathered.memory) {} }
        let claims = asked.plan.claims
        let here = session.without(claims)
        let merged = try await mergedHistories(
            gathered,
            claims,
            query,
            lastN: sharedLastN(query, forwarding, session.grant),
            session
        )
        let found = Set(gathered.parts.keys)
        var own = query
        if !found.isEmpty { own.condition = query.condition.and(.not(.ids(found))) }
        let whole = session.grantOfMerged
        let answer = try await here.read { [own, limits, clock] transaction in
            let page = try EvolutionPage.first(of: own, followedBy: merged) { part in
                try transaction.evolutions(part)
            } others: { part in
                let histories = HeldHistories(
                    merged,
                    at: clock(),
                    within: DecisionBudget(steps: MergedEntities.maximumSteps)
                )
                var part = part
                part.condition = query.condition
                return try EvolutionSearch(part, grant: whole, source: histories).page()
            }
            let counted = try session.counted(
                by: own,
                page,
                with: merged.map(\.id),
                most: limits.maximumPage,
                transaction
            )
            return EvolutionAnswer(page: page, map: nil, counted: counted)
        }
        try requireEligible(answer.page, query)
        return try await session.seal(answer, warnings: gathered.warnings)
    }

    /// What sources are asked of histories: their last instances alone where the question depends
    /// on nothing else.
    private func history(
        of query: TemporalQuery,
        _ forwarding: Forwarding,
        _ grant: ReadGrant
    ) -> HistoryQuestion {
        HistoryQuestion(
            TemporalTest(property: query.timeProperty, from: query.from, to: query.to),
            lastN: sharedLastN(query, forwarding, grant)
        )
    }

    /// How many instances are wanted, where the last ones of all are among the last ones of each
    /// source; nil where others may be chosen.
    private func sharedLastN(
        _ query: TemporalQuery,
        _ forwarding: Forwarding,
        _ grant: ReadGrant
    ) -> Int? {
        let choosesOthers =
            query.datasetIDs != nil || !forwarding.filters.isEmpty || !grant.hidden.isEmpty
        return choosesOthers ? nil : query.lastN
    }

    /// What is shown of the histories, as it is of entities.
    private func representation(of query: TemporalQuery) -> Representation {
        var representation = Representation()
        representation.projection.attributes = query.attributes
        representation.datasetIDs = query.datasetIDs.map { names in
            Set(names.map { $0 == "@none" ? nil : $0 })
        }
        return representation
    }

    /// The histories of which sources have parts, as the reader may see them, in the order of their
    /// identifiers.
    ///
    /// The hub's own part is what the store shows the reader of it. Of an entity that is hidden from the reader by what
    /// the hub has, nothing else is shown.
    private func mergedHistories(
        _ gathered: Federating.Gathered,
        _ claims: ClaimIndex,
        _ query: TemporalQuery,
        lastN: Int?,
        _ session: ReadSession
    ) async throws -> [Entity] {
        guard !gathered.parts.isEmpty else { return [] }
        var all = TemporalQuery(
            condition: .ids(Set(gathered.parts.keys)),
            timeProperty: query.timeProperty,
            from: query.from,
            to: query.to,
            lastN: lastN,
            instanceLimit: FederationLimits.maximumOwnInstances,
            limit: gathered.parts.count
        )
        all.pageLimit = FederationLimits.maximumOwnInstances
        let page = try await session.without(claims).read { [all] in try $0.evolutions(all) }
        guard page.contentRange == nil else {
            throw BrokerError(
                .tooManyResults,
                "The histories have more instances than can be put together with those of other "
                    + "sources; ask for less time, or with local=true."
            )
        }
        let own = Dictionary(
            page.evolutions.map { ($0.id, $0.history) },
            uniquingKeysWith: { first, _ in first }
        )
        let hidden = try await session.hiddenHistories(all, besides: Set(own.keys))
        return gathered.parts.sorted { $0.key.uri < $1.key.uri }.compactMap { id, parts in
            guard !hidden.contains(id) else { return own[id] }
            return session.grant.history(
                parts,
                with: own[id],
                claims: claims,
                by: query.timeProperty
            )
        }
    }
}

extension ReadSession {
    /// The entities of the query of which the reader may not know what sources have, because of what the hub has itself.
    ///
    /// Where the hub has the entity now, that decides. Where it has a history alone, its states decide: one that the reader
    /// may see at no time is hidden, and so is one that has something in the range of time and may be seen at none
    /// of it. `shown` are those of which the reader sees something there.
    fileprivate func hiddenHistories(
        _ query: TemporalQuery,
        besides shown: Set<EntityID>
    ) async throws -> Set<EntityID> {
        guard case .ids(let ids) = query.condition else { return [] }
        let merged = MergedEntities(by: grant)
        let current = try await ownParts(of: ids)
        var hidden = Set(current.filter { !merged.isSeen($0.value) }.keys)
        try merged.requireDecided()
        let rest = ids.subtracting(shown).subtracting(hidden)
        guard !rest.isEmpty else { return hidden }
        var bare = query
        bare.condition = .ids(rest)
        (bare.instanceLimit, bare.lastN) = (0, nil)
        hidden.formUnion(try await unknownHistories(bare))
        bare.condition = .ids(rest.subtracting(current.keys))
        (bare.from, bare.to, bare.timeProperty) = (nil, nil, .modifiedAt)
        hidden.formUnion(try await unknownHistories(bare))
        return hidden
    }

    /// The entities with a history here of which the reader may not know.
    private func unknownHistories(_ query: TemporalQuery) async throws -> Set<EntityID> {
        let all = Set(try await ownHistories(query).evolutions.map(\.id))
        return all.subtracting(try await knownHistories(query).evolutions.map(\.id))
    }
}

extension ReadGrant {
    /// The history of these parts; nil when the reader may not see it.
    ///
    /// `own` is what the reader sees of the hub's part. A history in a range of time tells neither what
    /// the entity is now nor what its values and scopes were before, so rights to what sources have
    /// are decided by types and identifiers; what these leave open is hidden.
    fileprivate func history(
        _ parts: EntityParts,
        with own: Entity?,
        claims: ClaimIndex,
        by property: TemporalTest.Property
    ) -> Entity? {
        guard let whole = parts.mergedHistory(with: own, claims: claims, by: property),
            covers(whole.id, whole.types)
        else { return nil }
        let shaping = hidden.shaping(in: whole)
        var seen = parts
        seen.parts.removeAll { !covers($0.entity.id, $0.entity.types) }
        for index in seen.parts.indices {
            seen.parts[index].entity = shaping.shape(seen.parts[index].entity)
        }
        return seen.mergedHistory(with: own, claims: claims, by: property)
    }

    /// Whether the reader may see every history of the entity, whatever it has.
    private func covers(_ id: EntityID, _ types: [IRI]) -> Bool {
        let entity = EntityAtSource(id, types: types)
        return entity.verdict(on: condition) == true
            && conditionsOfHidden.allSatisfy { entity.verdict(on: $0) != nil }
    }

    private var conditionsOfHidden: [Condition] {
        (hidden.elements + hidden.shaped).map(\.condition)
    }

    /// Whether the reader's rights to histories in the answer can be decided.
    func decidesHistories(of question: SourceQuestion) -> Bool {
        let types = question.possibleTypes
        let entities =
            types.isEmpty
            ? [EntityAtSource(nil, types: nil)] : types.map { EntityAtSource(nil, types: [$0]) }
        return ([condition] + conditionsOfHidden).allSatisfy { condition in
            entities.allSatisfy { $0.isDecided(condition) }
        }
    }
}

extension Evolution {
    /// The evolution as an entity whose attributes have all instances.
    fileprivate var history: Entity {
        var entity = Entity(
            id: id,
            types: types,
            scopes: scopes.last.flatMap { $0.value.arrayValue ?? [$0.value] }?
                .compactMap(\.stringValue) ?? []
        )
        entity.createdAt = createdAt
        entity.modifiedAt = modifiedAt
        entity.attributes = attributes + scopeHistory
        return entity
    }
}

extension EvolutionPage {
    /// A page of the store's histories, with others after all of them.
    ///
    /// `read` gives those of the store that the query asks for, and `others` those that come after.
    fileprivate static func first(
        of query: TemporalQuery,
        followedBy merged: [Entity],
        _ read: (TemporalQuery) throws -> EvolutionPage,
        others: (TemporalQuery) throws -> EvolutionPage
    ) throws -> EvolutionPage {
        var own = try read(query)
        guard !merged.isEmpty else { return own }
        var before = own.count
        if before == nil, own.evolutions.count < query.limit {
            before = query.offset + own.evolutions.count
            if own.evolutions.isEmpty, query.offset > 0 {
                var all = query
                (all.offset, all.limit, all.wantsCount) = (0, 0, true)
                before = try read(all).count
            }
        }
        guard let before else {
            own.hasMore = true
            return own
        }
        var rest = query
        rest.offset = max(0, query.offset - before)
        rest.limit = query.limit - own.evolutions.count
        rest.pageLimit = max(0, query.pageLimit - own.instanceCount)
        let found = try others(rest)
        var page = own.followed(by: found, query)
        page.count = query.wantsCount ? before + (found.count ?? 0) : nil
        return page
    }
}
