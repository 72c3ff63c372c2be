import ContextModel
import Governance
import Storage

/// Whom an answer tells of by their number.
///
/// A number tells of those who are counted, where these are few: they are in the record as on a page that shows
/// them, with the attributes that the question asks about.
package struct CountedEntities: Sendable {
    private let ids: [EntityID]
    private let attributes: [IRI]

    static let nobody = CountedEntities([], [])

    fileprivate init(_ ids: [EntityID], _ attributes: [IRI]) {
        self.ids = ids
        self.attributes = attributes
    }

    func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {
        for id in ids { note(id, attributes) }
    }
}

extension ReadSession {
    /// Those whom the query counts, with `others` that the store does not have as they are counted; nobody in
    /// particular where they are more than `most`, and where nothing is recorded.
    ///
    /// `count` is the number of all, of which the answer shows some anyway.
    func counted(
        by query: EntityQuery,
        _ count: Int?,
        shown: Int,
        with others: [EncodedEntity] = [],
        most: Int,
        _ transaction: any ReadTransaction
    ) throws -> CountedEntities {
        guard grant.notes != nil, let count, count > shown, count <= most else { return .nobody }
        var all = query
        (all.offset, all.limit, all.wantsCount, all.order) = (0, count, false, [])
        var ids = try transaction.identifiers(all)
        for other in others { try other.noteDisclosure { id, _ in ids.append(id) } }
        return CountedEntities(ids, query.condition.attributesOnce)
    }

    /// The same of histories.
    func counted(
        by query: TemporalQuery,
        _ page: EvolutionPage,
        with others: [EntityID] = [],
        most: Int,
        _ transaction: any ReadTransaction
    ) throws -> CountedEntities {
        guard grant.notes != nil, let count = page.count, count > page.evolutions.count,
            count <= most
        else { return .nobody }
        let ids = try transaction.evolutions(query.identifying(limit: count)).evolutions.map(\.id)
        return CountedEntities(ids + others, query.condition.attributesOnce)
    }
}

extension Condition {
    fileprivate var attributesOnce: [IRI] {
        var names: [IRI] = []
        for name in attributeNames where !names.contains(name) { names.append(name) }
        return names
    }
}
