package import ContextModel
package import Governance
package import Storage

extension Reading {
    /// Retrieve Temporal Evolution of an Entity (clause 5.7.3).
    package func retrieveEvolution(
        of id: EntityID,
        _ query: TemporalQuery,
        forwarding: Forwarding? = nil,
        caller: Caller
    ) async throws -> Disclosed<EvolutionAnswer> {
        var query = query
        query.condition = query.condition.and(.ids([id]))
        query.limit = 1
        let answer = try await queryEvolutions(
            query,
            forwarding: forwarding,
            isRetrieval: true,
            caller: caller
        )
        guard !answer.evolutions.isEmpty else {
            var error = BrokerError.withoutEvolution(id)
            error.warnings = answer.warnings
            throw error
        }
        return answer
    }
}

extension BrokerError {
    /// The error for an entity without a history that the caller may see.
    package static func withoutEvolution(_ id: EntityID) -> BrokerError {
        BrokerError(
            .resourceNotFound,
            "There is no temporal evolution of an entity '\(id)'."
        )
    }
}
