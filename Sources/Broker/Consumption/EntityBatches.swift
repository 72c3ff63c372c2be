package import ContextModel
package import Governance
package import Storage

/// The entities of a query, in batches, for downloads without a limit.
///
/// Which entities there are is decided at the beginning. Each batch is read by a decision of its own, at a
/// moment of its own: an objection that a person makes meanwhile holds for the batches that follow, and a
/// change may be in one batch and not in another. No entity occurs twice.
package struct EntityBatches: Sendable {
    /// The most entities of a batch.
    private static let mostEntities = 500

    private let reading: Reading
    private let query: EntityQuery
    private let representation: Representation
    private let caller: Caller
    private var rest: ArraySlice<EntityID>
    /// The entities of the next batch: fewer when they are long.
    private var size = Self.mostEntities

    /// The number of entities that are left.
    package var count: Int { rest.count }

    fileprivate init(
        _ reading: Reading,
        _ query: EntityQuery,
        _ representation: Representation,
        _ caller: Caller,
        _ ids: [EntityID]
    ) {
        self.reading = reading
        self.query = query
        self.representation = representation
        self.caller = caller
        rest = ids[...]
    }

    /// Returns the next batch, which may be empty; nil after the last one.
    ///
    /// A batch that may not leave because somebody has objected while it was read is read again. Throws
    /// `BrokerError` when that happens many times, or the caller may not read any more, and the store's error.
    package mutating func next() async throws -> Disclosed<EntityAnswer>? {
        var attempts = AttemptsAfterChange()
        while !rest.isEmpty {
            let ids = rest.prefix(size)
            var batch = query
            batch.condition = query.condition.and(.ids(Set(ids)))
            (batch.offset, batch.limit, batch.wantsCount) = (0, ids.count, false)
            do {
                let answer = try await reading.queryEntities(
                    batch,
                    shownAs: representation,
                    caller: caller
                )
                rest = rest.dropFirst(ids.count)
                return answer
            } catch let error as StorageError where error.code == .tooManyResults && ids.count > 1 {
                size = ids.count / 2
            } catch let error as BrokerError {
                try attempts.next(after: error)
            }
        }
        return nil
    }
}

/// How often a batch of a download is read again because what people allow has changed while it was read.
struct AttemptsAfterChange {
    private static let most = 5
    private var count = 1

    /// Throws the error when it is another one, and after the last attempt.
    mutating func next(after error: BrokerError) throws(BrokerError) {
        guard error.code == .conflict, count < Self.most else { throw error }
        count += 1
    }
}

extension Reading {
    /// The entities of a query (clause 5.7.2), in batches: those of its page, or all of them.
    ///
    /// Throws `tooManyResults` for more than `HubLimits.maximumDownloadEntities`.
    package func batches(
        of query: EntityQuery,
        isWhole: Bool,
        shownAs representation: Representation,
        caller: Caller
    ) async throws -> EntityBatches {
        let session = try await session(of: query, caller)
        let reader = LinkedEntityReader(limit: limits.maximumLinkedEntities)
        var query = query
        let picked = representation.projection.picked(hidden: session.grant.hidden.everywhere)
        query.condition = query.condition.and(picked)
        if isWhole { (query.offset, query.limit) = (0, limits.maximumDownloadEntities + 1) }
        query.wantsCount = false
        let ids = try await session.read { [query] transaction in
            var query = query
            query.condition = try reader.targets(query.condition, transaction)
            return try transaction.identifiers(query)
        }
        try limits.requireDownload(of: ids.count)
        return EntityBatches(self, query, representation, caller, ids)
    }

    /// The attributes of the entities whose types meet the condition: the columns of a table of
    /// them.
    package func columns(
        ofTypes types: Condition,
        caller: Caller
    ) async throws -> Disclosed<Discovered<[IRI]>> {
        let session = try await session(caller)
        let prepared = PreparedCondition(types)
        let names = try await session.read { transaction in
            var names: Set<IRI> = []
            for shape in try transaction.shapes() {
                try transaction.charge(shape.attributes.count)
                let entity = Entity(id: EntityID("urn:ngsi-ld:shape"), types: shape.types)
                if prepared.matches(entity) { names.formUnion(shape.attributes.keys) }
            }
            return names.sorted { $0.text < $1.text }
        }
        return try await session.seal(Discovered(information: names))
    }
}

extension HubLimits {
    /// Throws `tooManyResults` for more entities than a download may have.
    func requireDownload(of count: Int) throws(BrokerError) {
        guard count > maximumDownloadEntities else { return }
        throw BrokerError(
            .tooManyResults,
            "More than \(maximumDownloadEntities) entities match; narrow the query, or ask for pages "
                + "with limit and offset."
        )
    }
}
