import ContextModel
import Storage

/// Whom an answer tells of that says how many meet a question, and shows none of them.
///
/// A number tells of those who are counted, and of those alone whom the question names where these are few: they
/// are in the record as on a page that shows them, with the attributes that the question asks about.
package struct CountedEntities: Sendable {
    private let ids: [EntityID]
    private let attributes: [IRI]

    static let nobody = CountedEntities([], [])

    private init(_ ids: [EntityID], _ attributes: [IRI]) {
        self.ids = ids
        self.attributes = attributes
    }

    func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {
        for id in ids { note(id, attributes) }
    }

    /// Those whom the page counts and does not show, with `others` that the store does not have as they are
    /// counted; nobody in particular where they are more than a page has at most.
    static func of(
        _ query: EntityQuery,
        _ page: EntityPage<EncodedEntity>,
        with others: [EncodedEntity] = [],
        _ limits: HubLimits,
        _ transaction: any ReadTransaction
    ) throws -> CountedEntities {
        guard page.entities.isEmpty, let count = page.count,
            (1...limits.maximumPage).contains(count)
        else { return nobody }
        var all = query
        (all.offset, all.limit, all.wantsCount, all.order) = (0, count, false, [])
        var ids = try transaction.identifiers(all)
        for other in others { try other.noteDisclosure { id, _ in ids.append(id) } }
        return CountedEntities(ids, asked(query.condition))
    }

    /// The same of histories.
    static func of(
        _ query: TemporalQuery,
        _ page: EvolutionPage,
        _ limits: HubLimits,
        _ transaction: any ReadTransaction
    ) throws -> CountedEntities {
        guard page.evolutions.isEmpty, let count = page.count,
            (1...limits.maximumPage).contains(count)
        else { return nobody }
        var all = query
        (all.offset, all.limit, all.wantsCount) = (0, count, false)
        (all.instanceLimit, all.aggregation) = (0, nil)
        let ids = try transaction.evolutions(all).evolutions.map(\.id)
        return CountedEntities(ids, asked(query.condition))
    }

    private static func asked(_ condition: Condition) -> [IRI] {
        var names: [IRI] = []
        for name in condition.attributeNames where !names.contains(name) { names.append(name) }
        return names
    }
}
