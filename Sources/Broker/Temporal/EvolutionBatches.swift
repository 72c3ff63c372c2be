package import ContextModel
package import Governance
package import Storage

/// A part of some entities' histories, with the place where each of these entities is now.
package struct LocatedEvolutions: Disclosable {
    package let evolutions: [Evolution]
    /// The present `location` of the entities, as GeoJSON geometry; empty unless it was asked for.
    package let places: [EntityID: JSONValue]

    /// The number of instances of attributes.
    package var instanceCount: Int {
        evolutions.lazy.flatMap(\.attributes).reduce(0) { $0 + $1.instances.count }
    }

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
/// of the history of one, in the order of time. Instances that are written meanwhile may be left out.
package struct EvolutionBatches: Sendable {
    /// The most entities of a batch.
    private static let mostEntities = 256

    private let reading: Reading
    private let query: TemporalQuery
    private let caller: Caller
    private let showsPlaces: Bool
    private var rest: ArraySlice<EntityID>
    /// The entities of the present batch, and the moment after which their next part begins; nil
    /// when a new batch begins.
    private var present: (ids: ArraySlice<EntityID>, after: Timestamp)?
    /// The entities of the next batch: more as long as batches are short.
    private var size = 1

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
        rest = ids[...]
    }

    /// Returns the next batch, which may be empty; nil after the last one.
    ///
    /// Throws `BrokerError` when the caller may not read any more, and the store's error.
    package mutating func next() async throws -> Disclosed<LocatedEvolutions>? {
        var batch = query
        let ids: ArraySlice<EntityID>
        if let present {
            ids = present.ids
            batch.shownFrom = Timestamp(microseconds: present.after.microseconds + 1)
        } else {
            ids = rest.prefix(query.lastN == nil ? size : 1)
            rest = rest.dropFirst(ids.count)
        }
        guard !ids.isEmpty else { return nil }
        batch.condition = query.condition.and(.ids(Set(ids)))
        (batch.offset, batch.limit, batch.wantsCount) = (0, ids.count, false)
        let (answer, cut) = try await reading.located(batch, showsPlaces: showsPlaces, caller)
        present = cut.map { (ids, $0.to) }
        grow(after: answer)
        return answer
    }

    /// Adapts the size of batches, so that few are cut and few are small.
    private mutating func grow(after answer: Disclosed<LocatedEvolutions>) {
        let count = answer.instanceCount
        if present != nil || count > query.instanceLimit {
            size = max(1, size / 2)
        } else if count < query.instanceLimit / 4 {
            size = min(Self.mostEntities, size * 2)
        }
    }
}

extension Reading {
    /// The temporal evolutions of a query (clause 5.7.4), in batches: those of its page, or all of
    /// them.
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
        if query.lastN != nil { query.pageLimit = .max }
        var all = query
        if isWhole { (all.offset, all.limit) = (0, limits.maximumDownloadEntities + 1) }
        (all.instanceLimit, all.aggregation, all.wantsCount) = (0, nil, false)
        let ids = try await session.read { [all] in try $0.evolutions(all) }.evolutions.map(\.id)
        try limits.requireDownload(of: ids.count)
        return EvolutionBatches(self, query, caller, showsPlaces: showsPlaces, ids)
    }

    /// A part of histories, and the range of time that it has when instances were cut off.
    fileprivate func located(
        _ query: TemporalQuery,
        showsPlaces: Bool,
        _ caller: Caller
    ) async throws -> (Disclosed<LocatedEvolutions>, (from: Timestamp, to: Timestamp)?) {
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
        try requireEligible(page, query)
        let answer = LocatedEvolutions(evolutions: page.evolutions, places: places)
        return (try await session.seal(answer), page.contentRange)
    }
}
