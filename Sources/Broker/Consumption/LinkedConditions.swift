import ContextModel
import Storage

extension LinkedEntityReader {
    /// The condition with the targets of its terms about Linked Entities (clause 4.9, `a{b}==1`).
    ///
    /// They are found with the same grant as the entities that lead to them, so that a query tells
    /// nothing about entities that the reader may not see.
    func targets(
        _ condition: Condition,
        _ transaction: any ReadTransaction
    ) throws -> Condition {
        switch condition {
        case .all(let parts): return .all(try parts.map { try targets($0, transaction) })
        case .any(let parts): return .any(try parts.map { try targets($0, transaction) })
        case .not(let part): return .not(try targets(part, transaction))
        case .linked(var test):
            test.targets = try matches(try targets(test.target, transaction), transaction)
            return .linked(test)
        default: return condition
        }
    }

    private func matches(
        _ condition: Condition,
        _ transaction: any ReadTransaction
    ) throws -> Set<EntityID> {
        let query = EntityQuery(condition: condition, limit: limit)
        let page = try transaction.entities(query)
        guard !page.hasMore else {
            throw BrokerError(
                .tooComplexQuery,
                "More than \(limit) Linked Entities match the terms in braces; narrow them, for "
                    + "example by type."
            )
        }
        return Set(page.entities.map(\.id))
    }
}

extension Condition {
    /// Whether it has terms about Linked Entities, whose targets must be found first.
    var isAboutLinked: Bool {
        switch self {
        case .all(let parts), .any(let parts): parts.contains(where: \.isAboutLinked)
        case .not(let part): part.isAboutLinked
        case .linked: true
        default: false
        }
    }
}
