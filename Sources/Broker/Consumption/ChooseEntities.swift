package import ContextModel
package import Governance
package import Storage

/// Looks at entities one after the other and keeps those that an answer needs.
///
/// It is for questions that the condition language cannot ask. It gets each entity as the reader sees it, so
/// that nothing hidden can influence what it keeps.
package protocol EntityChooser: Sendable {
    /// Looks at an entity, which has this place in the order of the query; false when it needs no more.
    mutating func look(at entity: Entity, place: Int) throws -> Bool
    /// Ends the looking, before the properties below are asked for.
    mutating func finish() throws

    /// The entities that it has kept: the answer is about them alone.
    var kept: [Entity] { get }
    /// The histories that the answer needs of them, each a query of its own.
    var histories: [TemporalQuery] { get }
    /// Those whom the answer tells of by their number alone, where they are few.
    var counted: [EntityID] { get }
}

extension EntityChooser {
    package var counted: [EntityID] { [] }
}

/// What a chooser has kept, with the histories that it asked for, all of one moment.
package struct ChosenEntities<Chooser: EntityChooser>: Disclosable {
    package let chooser: Chooser
    /// One for each query of the chooser.
    package let histories: [EvolutionPage]
    /// The number of entities that meet the query's condition, if the query asked for it.
    package let count: Int?
    /// Whether there are more entities than the chooser was asked to look at.
    package let hasMore: Bool
    let counted: CountedEntities

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {
        for entity in chooser.kept { entity.noteDisclosure(note) }
        for id in chooser.counted { note(id, []) }
        counted.forEachDisclosure(note)
        for evolution in histories.flatMap(\.evolutions) {
            note(evolution.id, evolution.attributes.map(\.name) + evolution.aggregates.map(\.name))
        }
    }
}

extension Reading {
    /// Lets the chooser look at the entities of the query, in its order and from its offset on.
    ///
    /// The query's `limit` is the most that the chooser looks at. Only what it keeps is noted in the record.
    package func choose<Chooser: EntityChooser>(
        _ chooser: Chooser,
        from query: EntityQuery,
        caller: Caller
    ) async throws -> Disclosed<ChosenEntities<Chooser>> {
        let session = try await session(of: query, caller)
        return try await session.seal(try await chosen(by: chooser, from: query, session))
    }

    /// The same, read by a session that the caller has already, and not sealed.
    func chosen<Chooser: EntityChooser>(
        by chooser: Chooser,
        from query: EntityQuery,
        _ session: ReadSession
    ) async throws -> ChosenEntities<Chooser> {
        try await session.read { [limits] transaction in
            var walk = EntityWalk(query)
            var chooser = chooser
            try walk.run(transaction) { try chooser.look(at: $0, place: $1) }
            try chooser.finish()
            let histories = try chooser.histories.map(transaction.evolutions)
            return ChosenEntities(
                chooser: chooser,
                histories: histories,
                count: walk.count,
                hasMore: walk.hasMore,
                counted: try session.counted(
                    by: query,
                    walk.count,
                    shown: 0,
                    most: limits.maximumPage,
                    transaction
                )
            )
        }
    }
}

/// Reads the entities of a query in batches of one moment.
private struct EntityWalk {
    /// The most entities of a batch: the later a batch begins, the more the store has to pass over.
    private static let mostEntities = 5_000

    private let query: EntityQuery
    private var size = Self.mostEntities
    private(set) var count: Int?
    private(set) var hasMore = false

    init(_ query: EntityQuery) { self.query = query }

    mutating func run(
        _ transaction: any ReadTransaction,
        _ look: (Entity, Int) throws -> Bool
    ) throws {
        var (place, left) = (query.offset, query.limit)
        var batch = query
        repeat {
            (batch.offset, batch.limit) = (place, min(size, left))
            let page: EntityPage<EncodedEntity>
            do {
                page = try transaction.encodedEntities(batch)
            } catch let error as StorageError where error.code == .tooManyResults && size > 1 {
                size = min(size, batch.limit) / 2
                continue
            }
            count = page.count ?? count
            batch.wantsCount = false
            for entity in page.entities {
                guard try look(try entity.value(), place) else { return }
                place += 1
            }
            left -= page.entities.count
            hasMore = page.hasMore
            guard hasMore, left > 0 else { return }
        } while true
    }
}
