package import ContextModel
package import Governance

extension Writing {
    /// Create or Update Temporal Evolution of an Entity (clause 5.6.11); true when it is new.
    ///
    /// Temporal operations change the evolution alone; operations on entities change current
    /// state.
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
}
