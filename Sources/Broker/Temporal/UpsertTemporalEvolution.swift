package import ContextModel
package import Governance
import Storage

extension Hub {
    /// Create or Update Temporal Evolution of an Entity (clause 5.6.11); true when it is new.
    ///
    /// Temporal data touches the evolution alone: current state is changed by the operations on
    /// entities.
    package func upsertEvolution(
        _ body: JSONValue,
        ld: LDContext,
        caller: Caller
    ) async throws -> (id: EntityID, isNew: Bool) {
        let entity = try BrokerError.reading { () throws(EntityError) in
            try TemporalReader(context: ld).entity(body)
        }
        let isNew = try await appendHistory(
            of: entity.id,
            types: entity.types,
            scopes: entity.scopes,
            entity.attributes,
            mayCreate: true,
            caller: caller
        )
        return (entity.id, isNew)
    }

    /// Add Attributes to Temporal Evolution of an Entity (clause 5.6.12).
    package func addToEvolution(
        of id: EntityID,
        _ body: JSONValue,
        ld: LDContext,
        caller: Caller
    ) async throws {
        let reader = TemporalReader(context: ld)
        let (fragment, attributes) = try BrokerError.reading { () throws(EntityError) in
            let fragment = try reader.fragment(body)
            return (fragment, try reader.complete(fragment.attributes))
        }
        _ = try await appendHistory(
            of: id,
            types: fragment.types,
            scopes: fragment.scopes ?? [],
            attributes,
            mayCreate: false,
            caller: caller
        )
    }

    private func appendHistory(
        of id: EntityID,
        types: [IRI],
        scopes: [String],
        _ attributes: [NamedAttribute],
        mayCreate: Bool,
        caller: Caller
    ) async throws -> Bool {
        let (store, grant) = try await writing(caller, makesTenant: mayCreate)
        try grant.requireVisible(attributes.names)
        let now = clock()
        var stamped = attributes
        stamped.stamp(now)
        let instances = stamped
        let given = Entity(id: id, types: types, scopes: scopes, attributes: attributes)
        return try await store.write(grant) { transaction in
            let exists = try transaction.evolving(id, grant: InternalGrant(.mergeOnWrite)) != nil
            guard exists || mayCreate, try transaction.mayEvolve(id, grant: grant) else {
                throw mayCreate ? BrokerError.mayNotWrite(id) : BrokerError.noEvolution(id)
            }
            // What is new, or says what it is, must itself be within the writer's right.
            if !exists || !types.isEmpty, !given.satisfies(grant.condition) {
                throw BrokerError.mayNotWrite(id)
            }
            try transaction.appendHistory(
                id,
                types: types,
                scopes: scopes,
                instances,
                correcting: true
            )
            return !exists
        }
    }
}

extension WriteTransaction {
    /// Whether the writer may touch the evolution: what is known of its entity, in current state
    /// or in history, must be within its right; of an unknown entity nothing speaks against it.
    func mayEvolve(_ id: EntityID, grant: WriteGrant) throws -> Bool {
        let reason = InternalGrant(.mergeOnWrite)
        let known = try entity(id, grant: reason) ?? evolving(id, grant: reason)
        return known?.satisfies(grant.condition) ?? true
    }

    /// Whether the entity has a history and no current state.
    func isPast(_ id: EntityID) throws -> Bool {
        let reason = InternalGrant(.mergeOnWrite)
        return try entity(id, grant: reason) == nil && evolving(id, grant: reason) != nil
    }
}

extension [NamedAttribute] {
    /// Gives each instance its times of creation and modification.
    fileprivate mutating func stamp(_ now: Timestamp) {
        for name in indices {
            for index in self[name].instances.indices {
                self[name].instances[index].createdAt = now
                self[name].instances[index].modifiedAt = now
                // The hub gives instances their identifiers (clause 4.5.7).
                self[name].instances[index].details?.instanceID = nil
                self[name].instances[index].stampEnd(now)
            }
        }
    }
}

extension Attribute {
    /// An end is dated (clause 4.5.7); what does not end has no such date.
    fileprivate mutating func stampEnd(_ now: Timestamp) {
        if NGSILDNull.isNull(value) {
            var ended = details ?? AttributeDetails()
            ended.deletedAt = ended.deletedAt ?? observedAt ?? now
            details = ended
        } else {
            details?.deletedAt = nil
        }
    }
}

extension BrokerError {
    static func noEvolution(_ id: EntityID) -> BrokerError {
        BrokerError(.resourceNotFound, "There is no temporal evolution of an entity '\(id)'.")
    }
}
