package import ContextModel
package import Governance
package import Storage

/// A part of some entities' histories, with the place where each of these entities is now.
package struct LocatedEvolutions: Disclosable {
    package let evolutions: [Evolution]
    /// The present `location` of the entities, as GeoJSON geometry; empty unless it was asked for.
    package let places: [EntityID: JSONValue]

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {
        for evolution in evolutions {
            let place = places[evolution.id] == nil ? [] : [IRI.location]
            let names = evolution.attributes.map(\.name) + evolution.aggregates.map(\.name)
            note(evolution.id, names + place)
        }
    }
}

/// The histories of a query, in batches, for downloads without a limit.
///
/// As with `EntityBatches`, each batch is read by a decision of its own. A batch has a few entities, or a part
/// of the history of one, in the order in which it is stored: mostly that of time. Instances that are written
/// meanwhile may be left out.
package struct EvolutionBatches: Sendable {
    /// The most entities of a batch.
    private static let mostEntities = 256

    private let reading: Reading
    private let query: TemporalQuery
    private let caller: Caller
    private let showsPlaces: Bool
    private var rest: ArraySlice<EntityID>
    /// Where the next part of the first entity's history begins; nil where it begins.
    private var nextPart: Timestamp?
    /// The entities of the next batch: more as long as batches are short.
    private var size = 1
    /// About so many instances are to be in a part.
    private var partInstances: Int

    /// The number of entities that are left.
    package var count: Int { rest.count }

    fileprivate init(
        _ reading: Reading,
        _ query: TemporalQuery,
        _ caller: Caller,
        showsPlaces: Bool,
        _ ids: [EntityID]
    ) {
        self.reading = reading
        self.query = query
        self.caller = caller
        self.showsPlaces = showsPlaces
        partInstances = reading.limits.downloadPartInstances
        rest = ids[...]
    }

    /// Returns the next batch, which may be empty; nil after the last one.
    ///
    /// A batch that may not leave because somebody has objected while it was read is read again. Throws
    /// `BrokerError` when that happens many times, or the caller may not read any more, and the store's error.
    package mutating func next() async throws -> Disclosed<LocatedEvolutions>? {
        var attempts = AttemptsAfterChange()
        while !rest.isEmpty {
            let ids = rest.prefix(nextPart == nil ? size : 1)
            do {
                let (session, page, places) = try await reading.read(
                    batch(ids),
                    showsPlaces: showsPlaces,
                    caller
                )
                // Only the history of a single entity is read in parts: those of several may be very uneven.
                if page.nextPart != nil, ids.count > 1 {
                    size = ids.count / 2
                    continue
                }
                let answer = LocatedEvolutions(evolutions: page.evolutions, places: places)
                let sealed = try await session.seal(answer)
                goOn(behind: page, ids.count)
                return sealed
            } catch let error as StorageError where error.code == .tooManyResults {
                guard shrink(ids.count) else { throw error }
            } catch let error as BrokerError {
                try attempts.next(after: error)
            }
        }
        return nil
    }

    private mutating func goOn(behind page: EvolutionPage, _ count: Int) {
        nextPart = page.nextPart
        guard nextPart == nil else { return }
        rest = rest.dropFirst(count)
        grow(after: page.instanceCount, of: count)
    }

    private func batch(_ ids: ArraySlice<EntityID>) -> TemporalQuery {
        var batch = query
        batch.condition = query.condition.and(.ids(Set(ids)))
        (batch.offset, batch.limit, batch.wantsCount) = (0, ids.count, false)
        // Aggregated values and the newest instances are read whole.
        guard query.aggregation == nil, query.lastN == nil else { return batch }
        batch.partFrom = nextPart ?? Timestamp(microseconds: .min)
        batch.pageLimit = partInstances
        return batch
    }

    /// Makes the next try smaller after one that had too much; false when it cannot be smaller.
    private mutating func shrink(_ count: Int) -> Bool {
        if count > 1 {
            size = count / 2
            return true
        }
        guard query.aggregation == nil, query.lastN == nil, partInstances > 1 else { return false }
        partInstances /= 2
        return true
    }

    private mutating func grow(after instances: Int, of entities: Int) {
        guard entities == size, instances < reading.limits.downloadPartInstances / 4 else { return }
        let most =
            query.lastN.map { reading.limits.downloadPartInstances / $0 } ?? Self.mostEntities
        size = max(1, min(Self.mostEntities, most, size * 2))
    }
}

extension Reading {
    /// The temporal evolutions of a query (clause 5.7.4), in batches: those of its page, or all of
    /// them.
    ///
    /// They have instances without identifiers, and no scopes.
    ///
    /// Throws `tooManyResults` for more entities than `HubLimits.maximumDownloadEntities`.
    package func batches(
        of query: TemporalQuery,
        isWhole: Bool,
        showsPlaces: Bool,
        caller: Caller
    ) async throws -> EvolutionBatches {
        let session = try await session(caller, condition: query.condition)
        var query = query
        query.idOrder = query.idOrder ?? .ascending
        query.showsInstancesOnly = true
        if query.lastN != nil { query.pageLimit = .max }
        var all = query
        if isWhole { (all.offset, all.limit) = (0, limits.maximumDownloadEntities + 1) }
        (all.instanceLimit, all.aggregation, all.wantsCount) = (0, nil, false)
        let ids = try await session.read { [all] in try $0.evolutions(all) }.evolutions.map(\.id)
        try limits.requireDownload(of: ids.count)
        return EvolutionBatches(self, query, caller, showsPlaces: showsPlaces, ids)
    }

    /// A part of histories that is not sealed yet.
    fileprivate func read(
        _ query: TemporalQuery,
        showsPlaces: Bool,
        _ caller: Caller
    ) async throws -> (ReadSession, EvolutionPage, [EntityID: JSONValue]) {
        let session = try await session(caller, condition: query.condition)
        let (page, places) = try await session.read { transaction in
            let page = try transaction.evolutions(query)
            var places: [EntityID: JSONValue] = [:]
            for evolution in page.evolutions where showsPlaces {
                let entity = try transaction.encodedEntity(evolution.id)?.value()
                places[evolution.id] = entity?[.location].first { $0.kind == .geoProperty }?.value
            }
            return (page, places)
        }
        return (session, page, places)
    }
}
