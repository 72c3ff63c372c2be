import ContextModel
import Governance
import Storage

/// The one way a change of current state becomes durable: state, history and whoever observes, in
/// one transaction.
struct ChangeWriter {
    let transaction: any WriteTransaction
    let observer: any ChangeObserver
    let tenant: TenantName?
    let now: Timestamp
    /// Whether what was observed at a moment takes the place of what history has for it.
    var correctsHistory = false

    func write(_ change: EntityChange) throws {
        if change.attributes.isEmpty, change.before == change.after {
            // Nothing of the state is new, so nobody is told; what came late is history.
            return try writeHistory(change)
        }
        if let problem = EntityLimits.problem(with: change) {
            throw BrokerError(.badRequestData, problem)
        }
        if let after = change.after {
            try put(after)
        } else if let before = change.before {
            _ = try transaction.remove(before.id)
        }
        try writeHistory(change)
        try observer.observe(change, tenant: tenant, at: now, in: transaction)
    }

    private func put(_ entity: Entity) throws {
        do {
            try transaction.put(entity)
        } catch let error as StorageError where error.code == .entityTooLarge {
            // Of a batch, this entity alone is refused.
            throw BrokerError.entityTooLarge(note: error.note)
        }
    }

    /// Every instance that changed, and the end of every instance that went (clause 4.5.7).
    private func writeHistory(_ change: EntityChange) throws {
        guard let entity = change.after ?? change.before else { return }
        var history = history(of: change)
        if !change.late.isEmpty { history += change.late }
        if let scopes = scopeInstance(change) {
            history.append(NamedAttribute(name: .scope, instances: [scopes]))
        }
        guard !history.isEmpty else { return }
        try transaction.appendHistory(
            entity.id,
            types: entity.types,
            scopes: entity.scopes,
            history,
            correcting: correctsHistory
        )
    }

    private func history(of change: EntityChange) -> [NamedAttribute] {
        // Of a new entity all there is has changed.
        if change.before == nil, let after = change.after { return after.attributes }
        var history: [NamedAttribute] = []
        history.reserveCapacity(change.attributes.count)
        for attribute in change.attributes {
            guard let instance = attribute.after ?? attribute.before?.ended(at: now) else {
                continue
            }
            if let last = history.indices.last, history[last].name == attribute.name {
                history[last].instances.append(instance)
            } else {
                history.append(NamedAttribute(name: attribute.name, instances: [instance]))
            }
        }
        return history
    }

    /// The scopes from now on, observed as they are set (clause 4.5.6); nil where they stay.
    private func scopeInstance(_ change: EntityChange) -> Attribute? {
        let scopes = change.after?.scopes ?? []
        guard scopes != change.before?.scopes ?? [] else { return nil }
        return Attribute(
            kind: .property,
            value: JSONValue(scopes: scopes),
            observedAt: now,
            createdAt: now,
            modifiedAt: now,
            details: scopes.isEmpty ? AttributeDetails(deletedAt: now) : nil
        )
    }
}

extension Hub {
    /// Runs `change` on the current state of an entity, decides the write and makes it durable.
    ///
    /// `names` are the attributes that the request names, at whatever depth.
    func change<Answer: Sendable>(
        _ id: EntityID,
        _ caller: Caller,
        types: Condition = .everything,
        naming names: @autoclosure () -> [IRI],
        _ change: @escaping @Sendable (Entity, Timestamp) throws -> (EntityChange, Answer)
    ) async throws -> Answer {
        let (store, grant) = try await writing(caller, makesTenant: false)
        try grant.requireVisible(names())
        let now = clock()
        return try await store.write(grant) { [observer] transaction in
            let target = try transaction.writable(id, grant: grant, now: now)
            guard let target, target.satisfies(types) else { throw BrokerError.unknown(id) }
            let (seen, answer) = try change(grant.shape(target), now)
            let result = grant.complete(seen, of: target)
            if let after = result.after, !after.satisfies(grant.condition) {
                throw BrokerError(.forbidden, "Your token does not allow this change.")
            }
            let writer = ChangeWriter(
                transaction: transaction,
                observer: observer,
                tenant: caller.tenant,
                now: now
            )
            try writer.write(result)
            return answer
        }
    }
}

extension WriteTransaction {
    /// The entity without what has expired (clause 4.22).
    func current(_ id: EntityID, at now: Timestamp) throws -> Entity? {
        try entity(id, grant: InternalGrant(.mergeOnWrite))?.unexpired(at: now)
    }

    /// The entity, if the writer may touch it: what it may not touch does not exist for it.
    func writable(_ id: EntityID, grant: WriteGrant, now: Timestamp) throws -> Entity? {
        guard let entity = try current(id, at: now) else { return nil }
        return entity.satisfies(grant.condition) ? entity : nil
    }
}

extension Entity {
    /// Whether the condition holds for this entity.
    func satisfies(_ condition: Condition) -> Bool {
        condition == .everything || condition.matches(self)
    }
}

extension BrokerError {
    /// The entity would be stored in more bytes than one may.
    package static func entityTooLarge(note: String) -> BrokerError {
        BrokerError(.badRequestData, EntityLimits.bytesProblem, note: note)
    }

    static func unknown(_ id: EntityID) -> BrokerError {
        BrokerError(.resourceNotFound, "There is no entity '\(id)'.")
    }
}

extension Attribute.Kind {
    /// NGSI-LD Null in the value member of this kind (clause 4.5.0).
    var nullValue: JSONValue {
        switch self {
        case .languageProperty: ["@none": .string(NGSILDNull.uri)]
        case .listProperty, .listRelationship: [.string(NGSILDNull.uri)]
        case .jsonProperty, .property, .relationship, .geoProperty, .vocabProperty:
            .string(NGSILDNull.uri)
        }
    }
}
