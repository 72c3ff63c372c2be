import ContextModel
import Governance
import Logging
import Storage

/// The common parts of the operations on EntityMaps.
extension Reading {
    /// The map and its entries; throws when it belongs to another party, or has expired.
    func entityMap(
        _ id: String,
        _ store: any DocumentStore,
        _ caller: Caller
    ) async throws -> (map: EntityMap, entries: EntityMapEntries)? {
        guard URIText.isValid(id) else {
            throw BrokerError(.badRequestData, "The EntityMap id '\(id)' is not a URI.")
        }
        let document = try await store.document(.entityMap, id: id)
        guard let map = document.flatMap({ EntityMap($0) }), map.owner == caller.party,
            map.expiresAt > clock(),
            let entries = try await store.document(.entityMapEntries, id: id)
        else { return nil }
        return (map, EntityMapEntries(entries))
    }

    /// Stores a new map of the entities, and removes the party's oldest when it has too many.
    func makeEntityMap(
        of ids: [EntityID],
        _ subject: EntityMap.Subject,
        _ request: EntityMapRequest,
        _ store: any DocumentStore,
        _ caller: Caller
    ) async throws -> (map: EntityMap, entries: EntityMapEntries) {
        guard ids.count <= limits.maximumEntityMapEntities else {
            throw BrokerError(
                .tooManyResults,
                "An EntityMap lists \(limits.maximumEntityMapEntities) entities at most; narrow "
                    + "the query."
            )
        }
        let now = clock()
        let map = EntityMap(
            id: "urn:ngsi-ld:EntityMap:\(makeIdentifier())",
            owner: caller.party,
            subject: subject,
            selection: EntityMap.digest(of: request.selection),
            createdAt: now,
            size: ids.count,
            expiresAt: try entityMapExpiry(request.lifetime, now: now)
        )
        let entries = EntityMapEntries(ids)
        // Read before the transaction, whose thread others need. When two maps are created at
        // once, there may be one too many, which is removed with the next map.
        let maps = entityMaps(in: try await store.documents(.entityMap))
        let gone = entityMapsToRemove(maps, for: map)
        try await store.changeDocuments(reading: []) { changes in
            for id in gone { changes.removeEntityMap(id) }
            changes.put(map.document)
            changes.put(entries.document(of: map.id))
        }
        return (map, entries)
    }

    /// The expiry for the requested lifetime, within the hub's limit (clause 6.4.3.2:
    /// `entityMapLifetime`).
    private func entityMapExpiry(_ wish: ISODuration?, now: Timestamp) throws -> Timestamp {
        let standard = ISODuration(
            microseconds: Int64(limits.defaultEntityMapSeconds) * 1_000_000
        )
        let lifetime = wish ?? standard
        guard !lifetime.isZero else {
            throw BrokerError(.badRequestData, "entityMapLifetime must be longer than zero.")
        }
        return latestEntityMapExpiry(now.adding(lifetime), now: now)
    }

    /// The earlier one of the requested expiry and the latest that the hub allows.
    func latestEntityMapExpiry(_ wish: Timestamp, now: Timestamp) -> Timestamp {
        let seconds = Int64(limits.maximumEntityMapSeconds)
        return min(wish, Timestamp(microseconds: now.microseconds + seconds * 1_000_000))
    }

    /// The maps to remove for a new one: those that have expired, the oldest of its party if that
    /// has too many, and then the oldest of the party whose maps list most.
    private func entityMapsToRemove(_ maps: [EntityMap], for new: EntityMap) -> [String] {
        let expired = maps.filter { $0.expiresAt <= new.createdAt }
        let kept = maps.filter { $0.expiresAt > new.createdAt }
        let own = kept.filter { $0.owner == new.owner }
        let tooMany = own.prefix(max(0, own.count + 1 - limits.maximumEntityMaps)).map(\.id)
        let rest = kept.filter { !tooMany.contains($0.id) } + [new]
        return expired.map(\.id) + tooMany + entityMapsBeyondLimit(rest)
    }

    private func entityMapsBeyondLimit(_ maps: [EntityMap]) -> [String] {
        var shares = FairShares<Party>(capacity: limits.maximumEntityMapsEntities)
        for map in maps { shares.take(map.owner, size(of: map)) }
        var (rest, gone) = (maps, [String]())
        while shares.total > shares.capacity, let greatest = shares.greatest,
            let index = rest.dropLast().firstIndex(where: { $0.owner == greatest })
        {
            let map = rest.remove(at: index)
            shares.giveBack(map.owner, size(of: map))
            gone.append(map.id)
        }
        return gone
    }

    private func size(of map: EntityMap) -> Int { max(map.size, limits.entitiesPerEntityMap) }

    /// Every map of the tenant in the order of creation; damaged ones are left out.
    private func entityMaps(in documents: [Document]) -> [EntityMap] {
        documents.compactMap { document in
            let map = EntityMap(document)
            if map == nil { logger.error("The EntityMap '\(document.id)' is damaged.") }
            return map
        }
    }

    /// Removes the expired maps of a tenant.
    func removeExpiredEntityMaps(_ store: any DocumentStore) async throws {
        let now = clock()
        let maps = entityMaps(in: try await store.documents(.entityMap))
        guard maps.contains(where: { $0.expiresAt <= now }) else { return }
        try await store.changeDocuments(reading: [.all(.entityMap)]) { [self] changes in
            // A map may have been renewed since it was read.
            for map in entityMaps(in: try changes.documents(.entityMap))
            where map.expiresAt <= now { changes.removeEntityMap(map.id) }
        }
    }
}

extension DocumentChanges {
    mutating func removeEntityMap(_ id: String) {
        remove(.entityMap, id: id)
        remove(.entityMapEntries, id: id)
    }
}

extension BrokerError {
    static func unknownEntityMap(_ id: String) -> BrokerError {
        BrokerError(.resourceNotFound, "There is no EntityMap '\(id)'.")
    }
}
