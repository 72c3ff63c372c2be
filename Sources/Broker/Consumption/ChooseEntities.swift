package import ContextModel
package import Governance
package import Storage

/// Looks at entities one after the other and keeps those that an answer needs.
///
/// It is for questions that the condition language cannot ask. It gets each entity as the reader sees it, so
/// that nothing hidden can influence what it keeps.
package protocol EntityChooser: Sendable {
    /// Whether it need not look at entities without a reading: without an instance that has an `observedAt`.
    var needsReadings: Bool { get }
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

extension EntityChooser {
    package var needsReadings: Bool { false }
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
            var chooser = chooser
            let needsReadings = chooser.needsReadings
            var walk = EntityWalk(query, needsReadings: needsReadings)
            try walk.run(transaction) { entity, place in
                if needsReadings, try !entity.hasReading() { return true }
                return try chooser.look(at: try entity.value(), place: place)
            }
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

/// Goes through the entities of a query.
private struct EntityWalk {
    private let query: EntityQuery
    private let needsReadings: Bool
    private(set) var count: Int?
    private(set) var hasMore = false

    init(_ query: EntityQuery, needsReadings: Bool) {
        self.query = query
        self.needsReadings = needsReadings
    }

    mutating func run(
        _ transaction: any ReadTransaction,
        _ look: (EncodedEntity, _ place: Int) throws -> Bool
    ) throws {
        if query.wantsCount {
            var all = query
            (all.offset, all.limit) = (0, 0)
            count = try transaction.encodedEntities(all).count
        }
        var place = query.offset
        let end = query.offset + query.limit
        // One more shows that there are more.
        var walk = query
        (walk.limit, walk.wantsCount) = (query.limit + 1, false)
        walk.needsReadings = needsReadings
        try transaction.forEach(walk) { entity in
            guard place < end else {
                hasMore = true
                return false
            }
            defer { place += 1 }
            return try look(entity, place)
        }
    }
}
