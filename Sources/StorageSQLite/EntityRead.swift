internal import ContextModel
internal import Governance
internal import Storage

/// Current state, as a reader answers it. Each function runs inside one snapshot.
extension Reader {
    /// A page, and the attributes whose values were looked at so often that an index is due.
    func page(
        _ query: EntityQuery,
        plan: EntityPlan,
        grant: ReadGrant
    ) throws -> (page: EntityPage, wanted: [IRI]) {
        let lookup = IndexLookup(connection: connection, vocabulary: plan.vocabulary)
        var page = EntityPage(entities: [], count: nil, hasMore: false)
        if query.wantsCount && plan.isDecidedByShape {
            page.count = try plan.countByShape(connection)
        }
        var scan = PageScan(query, plan: plan, grant: grant, knownCount: page.count)
        if query.limit == 0, let count = page.count {
            page.hasMore = count > query.offset
            return (page, [])
        }
        let keys = try lookup.keys(plan.condition)
        var source: any CandidateSource =
            try keys.map { try KeyList(connection, keys: $0) } ?? plan.scan(connection)
        // A page that fills soon needs no index; one that does not is begun again with it.
        scan.budget = keys == nil ? Limits.candidatesBeforeIndex : nil
        if try scan.run(&source) { return (scan.page(), []) }
        var wanted: [IRI] = []
        if let keys = try lookup.keysByValue(plan.condition) {
            scan = PageScan(query, plan: plan, grant: grant, knownCount: page.count)
            source = try KeyList(connection, keys: keys)
        } else {
            wanted = try lookup.missingIndexes(plan.condition)
            scan.budget = nil
        }
        _ = try scan.run(&source)
        return (scan.page(), wanted)
    }

    /// What `page` would have, without keeping the entities; sorted, it is the page itself.
    func identifiers(
        _ query: EntityQuery,
        plan: EntityPlan,
        grant: ReadGrant
    ) throws -> [EntityID] {
        guard query.order.isEmpty else {
            return try page(query, plan: plan, grant: grant).page.entities.map(\.id)
        }
        let decision = PreparedCondition(plan.condition)
        let lookup = IndexLookup(connection: connection, vocabulary: plan.vocabulary)
        let keys = try lookup.keys(plan.condition) ?? lookup.keysByValue(plan.condition)
        var source: any CandidateSource =
            try keys.map { try KeyList(connection, keys: $0) } ?? plan.scan(connection)
        var (skipped, ids) = (0, [EntityID]())
        while ids.count < query.limit, let candidate = try source.next() {
            guard let match = try plan.match(candidate, decision: decision, grant: grant)
            else { continue }
            if skipped < query.offset {
                skipped += 1
            } else if case .decoded(let entity) = match {
                ids.append(entity.id)
            } else {
                ids.append(try candidate.entity().id)
            }
        }
        return ids
    }

    func shapes(plan: EntityPlan, grant: ReadGrant) throws -> [EntityShape] {
        var counts: [Int64: Int] = [:]
        if plan.isDecidedByShape {
            for shape in plan.shapes.keys {
                let one = EntityPlan(plan, only: shape)
                counts[shape] = try one.countByShape(connection)
            }
        } else {
            let decision = PreparedCondition(plan.condition)
            let lookup = IndexLookup(connection: connection, vocabulary: plan.vocabulary)
            var source: any CandidateSource =
                try lookup.keys(plan.condition).map { try KeyList(connection, keys: $0) }
                ?? plan.scan(connection)
            while let candidate = try source.next() {
                if try plan.match(candidate, decision: decision, grant: grant) != nil {
                    counts[candidate.shape, default: 0] += 1
                }
            }
        }
        return merged(counts, plan.vocabulary, grant)
    }

    /// Shapes that differ only in what the reader does not see are one.
    private func merged(
        _ counts: [Int64: Int],
        _ vocabulary: Vocabulary,
        _ grant: ReadGrant
    ) -> [EntityShape] {
        var merged: [EntityShape: Int] = [:]
        for (number, count) in counts where count > 0 {
            guard let shape = vocabulary.shapes[number] else { continue }
            var visible = EntityShape(
                types: shape.types.map(vocabulary.iri),
                attributes: [:],
                count: 0
            )
            for member in shape.members {
                let name = vocabulary.iri(member.name)
                guard !grant.hiddenAttributes.contains(name) else { continue }
                visible.attributes[name] = Set(
                    Attribute.Kind.allCases.filter { member.kinds & (1 << $0.rawValue) != 0 }
                )
            }
            merged[visible, default: 0] += count
        }
        return merged.map {
            EntityShape(types: $0.key.types, attributes: $0.key.attributes, count: $0.value)
        }.sorted { $0.types.map(\.text).joined() < $1.types.map(\.text).joined() }
    }
}
