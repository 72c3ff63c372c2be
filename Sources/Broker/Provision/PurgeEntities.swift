package import ContextModel
package import Federation
package import Governance
import Storage

extension PurgeExtent {
    /// The attributes that the request names.
    var names: [IRI] {
        switch self {
        case .entities: []
        case .attributes(let names), .attributesExcept(let names):
            names.sorted { $0.text < $1.text }
        }
    }

    /// The change of one entity that was found at a moment; nil when there is nothing to remove.
    ///
    /// Anything created after that moment stays: an entity that was deleted and created again, or
    /// a new attribute.
    func change(
        of entity: Entity,
        foundAt moment: Timestamp,
        at now: Timestamp
    ) -> EntityChange? {
        guard entity.createdAt.map({ $0 <= moment }) ?? true else { return nil }
        let old = entity.attributes.filter { attribute in
            attribute.instances.contains { $0.createdAt.map { $0 <= moment } ?? true }
        }
        let names = Set(old.map(\.name))
        switch self {
        case .entities: return .deletion(of: entity)
        case .attributes(let dropped):
            return .removal(of: dropped.intersection(names), from: entity, at: now)
        case .attributesExcept(let kept):
            return .removal(of: names.subtracting(kept), from: entity, at: now)
        }
    }
}

extension Writing {
    /// Purge Entities (clause 5.6.21): deletes the entities that a query finds, or attributes of
    /// them, here and, where it is passed on, at sources.
    ///
    /// The answer says how many entities of the hub's own were changed; nil for none.
    @discardableResult
    package func purgeEntities(
        where condition: Condition,
        _ extent: PurgeExtent = .entities,
        forwarding: Forwarding? = nil,
        caller: Caller
    ) async throws -> DistributedAnswer<Int> {
        let writing = try await session(caller, makesTenant: false)
        try writing.requireVisible(extent.names)
        let session = try await reading.session(caller, condition: condition)
        var answer = DistributedAnswer<Int>()
        if let forwarding {
            answer = try await purgeAtSources(
                condition,
                extent,
                forwarding,
                reading: session,
                writing,
                caller
            )
        }
        // The entities are found at one moment, before anything is removed, because the query may
        // depend on what is removed. They are then changed in portions, between which others see
        // the progress.
        let query = EntityQuery(condition: condition, limit: .max)
        let (ids, moment) = try await session.read { [clock] transaction in
            let moment = clock()
            return (try transaction.identifiers(query), moment)
        }
        let written = try await writing.changeEach(ids, id: { $0 }) {
            [now = writing.now] _, entity in
            // Entities that were deleted meanwhile, or that the writer may not change, are
            // skipped.
            let change = entity.flatMap { extent.change(of: $0, foundAt: moment, at: now) }
            return (change, change != nil)
        }
        if let failure = written.failure { throw failure }
        let count = written.results.count { (try? $0.get()) ?? false }
        if count > 0 { answer.own = count }
        if let error = answer.error { throw error }
        return answer
    }
}
