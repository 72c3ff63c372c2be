internal import ContextModel
internal import Governance
internal import Storage

/// Queries over current state: the evaluator decides every entity.
extension TenantState {
    func entity(_ id: EntityID, at now: Timestamp, grant: ReadGrant) -> EncodedEntity? {
        guard let stored = entities[id], stored.isCurrent,
            let entity = stored.entity.unexpired(at: now), grant.covers(entity)
        else { return nil }
        return grant.encode(entity)
    }

    func page(
        _ query: EntityQuery,
        at now: Timestamp,
        grant: ReadGrant
    ) -> EntityPage<EncodedEntity> {
        let found = matches(query.condition, at: now, grant: grant)
        let page = ordered(found, by: query, grant).dropFirst(query.offset).prefix(query.limit)
        return EntityPage(
            entities: page.map(grant.encode),
            count: query.wantsCount ? found.count : nil,
            hasMore: found.count > query.offset + query.limit
        )
    }

    func identifiers(_ query: EntityQuery, at now: Timestamp, grant: ReadGrant) -> [EntityID] {
        let found = matches(query.condition, at: now, grant: grant)
        return ordered(found, by: query, grant).dropFirst(query.offset).prefix(query.limit).map(
            \.id
        )
    }

    func shapes(at now: Timestamp, grant: ReadGrant) -> [EntityShape] {
        var counts = ShapeCounts()
        for entity in matches(.everything, at: now, grant: grant) {
            let kinds = entity.attributes.map { ($0.name, Set($0.instances.map(\.kind))) }
            counts.add(
                types: entity.types,
                attributes: Dictionary(kinds) { $0.union($1) },
                hiding: grant.hidden.names(in: entity),
                count: 1
            )
        }
        return counts.shapes
    }

    /// The matches in the order of creation.
    private func matches(
        _ condition: Condition,
        at now: Timestamp,
        grant: ReadGrant
    ) -> [Entity] {
        let decision = PreparedCondition(grant.restricted(condition))
        return entities.elements.compactMap { stored in
            guard stored.isCurrent, let entity = stored.entity.unexpired(at: now) else {
                return nil
            }
            let dated = grant.dated(entity)
            return decision.matches(dated) ? dated : nil
        }
    }

    private func ordered(
        _ entities: [Entity],
        by query: EntityQuery,
        _ grant: ReadGrant
    ) -> [Entity] {
        guard !query.order.isEmpty else { return entities }
        return EntityOrder(query.order).sorted(entities.map(grant.sortable))
    }
}
