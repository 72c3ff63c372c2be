package import ContextModel
package import Governance
import Storage

/// Pages of the entities that an EntityMap lists (clauses 5.5.9.3 and 5.5.14).
///
/// Each page is decided when it is read. Entities that no longer match the query, or are no longer
/// visible, are skipped, and the page is filled from the following ones.
extension Reading {
    /// A page of the entities that an EntityMap lists: the map of the request, or a new one.
    func page(
        of query: EntityQuery,
        through request: EntityMapRequest,
        _ representation: Representation,
        _ session: ReadSession,
        _ caller: Caller
    ) async throws -> EntityAnswer {
        let (map, entries, isNew) = try await entityMap(
            request,
            .entities,
            session.documents,
            caller
        ) { try await self.makeEntityMap(of: query, request, session, caller) }
        let reader = LinkedEntityReader(limit: limits.maximumLinkedEntities)
        let (page, linked, walk, counted) = try await session.read { [limits] transaction in
            var query = query
            query.condition = try reader.targets(query.condition, transaction)
            let (page, walk) = try transaction.page(of: query, listedIn: entries)
            let linked = try reader.all(
                linkedFrom: page.entities,
                in: representation,
                transaction
            )
            query.condition = query.condition.and(.ids(Set(entries.ids)))
            let counted = try session.counted(
                by: query,
                page.count,
                shown: page.entities.count,
                most: limits.maximumPage,
                transaction
            )
            return (page, linked, walk, counted)
        }
        try await prune(map, walk, request, session.documents)
        let use = walk.use(of: map, isNew: isNew)
        return EntityAnswer(page: page, linked: linked, map: use, counted: counted)
    }

    /// A page of the evolutions that an EntityMap lists: the map of the request, or a new one.
    func page(
        of query: TemporalQuery,
        through request: EntityMapRequest,
        _ session: ReadSession,
        _ caller: Caller
    ) async throws -> EvolutionAnswer {
        let (map, entries, isNew) = try await entityMap(
            request,
            .evolutions,
            session.documents,
            caller
        ) { try await self.makeEntityMap(of: query, request, session, caller) }
        let (page, walk, counted) = try await session.read { [limits] transaction in
            let (page, walk) = try transaction.page(of: query, listedIn: entries)
            var query = query
            query.condition = query.condition.and(.ids(Set(entries.ids)))
            let counted = try session.counted(
                by: query,
                page,
                most: limits.maximumPage,
                transaction
            )
            return (page, walk, counted)
        }
        try await prune(map, walk, request, session.documents)
        let use = walk.use(of: map, isNew: isNew)
        return EvolutionAnswer(page: page, map: use, counted: counted)
    }

    /// The entities that a purge may remove, if the request names an EntityMap (clause 6.4.3.3).
    ///
    /// Throws when the map is not there: without it, the purge would remove more than was meant.
    package func entities(
        listedIn map: String,
        caller: Caller
    ) async throws -> Condition {
        let store = try await session(caller).documents
        guard let (found, entries) = try await entityMap(map, store, caller),
            found.subject == .entities
        else { throw BrokerError.unknownEntityMap(map) }
        return .ids(Set(entries.ids))
    }

    /// The map of the request, or a new one when it cannot be used (clause 5.5.14).
    func entityMap(
        _ request: EntityMapRequest,
        _ subject: EntityMap.Subject,
        _ store: any DocumentStore,
        _ caller: Caller,
        make: () async throws -> (map: EntityMap, entries: EntityMapEntries)
    ) async throws -> (map: EntityMap, entries: EntityMapEntries, isNew: Bool) {
        if let id = request.id, let (map, entries) = try await entityMap(id, store, caller),
            map.subject == subject
        {
            return (map, entries, false)
        }
        let (map, entries) = try await make()
        return (map, entries, true)
    }

    /// Removes entities from the map that no longer match its own query; the results of another
    /// query do not count.
    private func prune(
        _ map: EntityMap,
        _ walk: EntityMapWalk,
        _ request: EntityMapRequest,
        _ store: any DocumentStore
    ) async throws {
        guard !walk.unfit.isEmpty, map.hasSelection(request) else { return }
        let unfit = walk.unfit
        let key = DocumentKey.document(.entityMapEntries, id: map.id)
        try await store.changeDocuments(reading: [key]) { changes in
            guard let document = try changes.document(.entityMapEntries, id: map.id) else {
                return
            }
            var entries = EntityMapEntries(document)
            entries.remove(unfit)
            changes.put(entries.document(of: map.id))
        }
    }
}

extension ReadTransaction {
    /// A page of the entities that the map lists and the query finds.
    fileprivate func page(
        of query: EntityQuery,
        listedIn entries: EntityMapEntries
    ) throws -> (EntityPage<EncodedEntity>, EntityMapWalk) {
        var walk = EntityMapWalk(entries, offset: query.offset, limit: query.limit)
        var found: [EntityID: EncodedEntity] = [:]
        while let ids = walk.next() {
            let some = EntityQuery(condition: query.condition.and(.ids(ids)), limit: ids.count)
            let entities = try entities(some).entities
            for entity in entities { found[entity.id] = EncodedEntity(entity) }
            walk.take(Set(entities.map(\.id)))
        }
        var page = EntityPage(
            entities: walk.page.compactMap { found[$0] },
            count: nil,
            hasMore: walk.nextPage != nil
        )
        if query.wantsCount {
            let all = query.condition.and(.ids(Set(entries.ids)))
            let count = EntityQuery(condition: all, limit: 0, wantsCount: true)
            page.count = try encodedEntities(count).count
        }
        return (page, walk)
    }

    /// A page of the evolutions that the map lists and the query finds.
    fileprivate func page(
        of query: TemporalQuery,
        listedIn entries: EntityMapEntries
    ) throws -> (EvolutionPage, EntityMapWalk) {
        var walk = EntityMapWalk(entries, offset: query.offset, limit: query.limit)
        while let ids = walk.next() {
            var some = query.identifying(limit: ids.count)
            some.condition = query.condition.and(.ids(ids))
            walk.take(Set(try evolutions(some).evolutions.map(\.id)))
        }
        var page = EvolutionPage(evolutions: [], count: nil, hasMore: false)
        if !walk.page.isEmpty {
            var ofPage = query
            ofPage.condition = query.condition.and(.ids(Set(walk.page)))
            (ofPage.offset, ofPage.limit) = (0, walk.page.count)
            page = try evolutions(ofPage)
            let place = Dictionary(uniqueKeysWithValues: zip(walk.page, 0...))
            page.evolutions.sort { place[$0.id] ?? 0 < place[$1.id] ?? 0 }
        }
        page.hasMore = walk.nextPage != nil
        page.count = nil
        if query.wantsCount {
            var all = query.identifying(limit: 0)
            all.condition = query.condition.and(.ids(Set(entries.ids)))
            all.wantsCount = true
            page.count = try evolutions(all).count
        }
        return (page, walk)
    }
}
