package import ContextModel
package import Governance
package import Storage

extension Reading {
    /// Retrieve Temporal Evolution of an Entity (clause 5.7.3).
    package func retrieveEvolution(
        of id: EntityID,
        _ query: TemporalQuery,
        caller: Caller
    ) async throws -> Disclosed<EvolutionAnswer> {
        var query = query
        query.condition = query.condition.and(.ids([id]))
        query.limit = 1
        let answer = try await queryEvolutions(query, caller: caller)
        guard !answer.evolutions.isEmpty else {
            throw BrokerError.withoutEvolution(id)
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
