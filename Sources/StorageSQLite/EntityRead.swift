internal import ContextModel
internal import Governance
internal import Storage

/// Current state, as a reader answers it. Each function runs inside one snapshot.
extension Reader {
    /// A page in the order of creation.
    func page(_ query: EntityQuery, plan: EntityPlan, grant: ReadGrant) throws -> EntityPage {
        guard query.order.isEmpty else { return try sortedPage(query, plan: plan, grant: grant) }
        let decision = Decision(plan.condition)
        var page = EntityPage(entities: [], count: nil, hasMore: false)
        let countsByShape = query.wantsCount && plan.isDecidedByShape
        if countsByShape { page.count = try plan.countByShape(connection) }
        if query.limit == 0 && countsByShape { return page.finished(query) }
        var matched = 0
        var source = try plan.candidates(connection)
        while let candidate = try source.next() {
            guard try plan.admits(candidate, decision: decision) else { continue }
            matched += 1
            guard matched > query.offset else { continue }
            if page.entities.count < query.limit {
                page.entities.append(grant.shape(try candidate.entity()))
            } else if countsByShape || !query.wantsCount {
                break
            }
        }
        if query.wantsCount && !countsByShape { page.count = matched }
        page.hasMore = matched > query.offset + query.limit
        return page
    }

    private func sortedPage(
        _ query: EntityQuery,
        plan: EntityPlan,
        grant: ReadGrant
    ) throws -> EntityPage {
        let decision = Decision(plan.condition)
        var matching: [Entity] = []
        var source = try plan.candidates(connection)
        while let candidate = try source.next() {
            guard try plan.admits(candidate, decision: decision) else { continue }
            matching.append(try candidate.entity())
        }
        let sorted = decision.sorted(matching, by: query.order)
        let page = sorted.dropFirst(query.offset).prefix(query.limit)
        return EntityPage(
            entities: page.map(grant.shape),
            count: query.wantsCount ? sorted.count : nil,
            hasMore: sorted.count > query.offset + query.limit
        )
    }

    func shapes(plan: EntityPlan, grant: ReadGrant) throws -> [EntityShape] {
        var counts: [Int64: Int] = [:]
        if plan.isDecidedByShape {
            for shape in plan.shapes.keys {
                let one = EntityPlan(plan, only: shape)
                counts[shape] = try one.countByShape(connection)
            }
        } else {
            let decision = Decision(plan.condition)
            var source = try plan.candidates(connection)
            while let candidate = try source.next() {
                if try plan.admits(candidate, decision: decision) {
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

extension EntityPage {
    fileprivate func finished(_ query: EntityQuery) -> EntityPage {
        var page = self
        page.hasMore = (count ?? 0) > query.offset
        return page
    }
}
