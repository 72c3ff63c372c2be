package import Governance
package import Storage
import ContextModel

extension Hub {
    /// Query Temporal Evolution of Entities (clause 5.7.4).
    package func queryEvolutions(
        _ query: TemporalQuery,
        caller: Caller
    ) async throws -> EvolutionPage {
        let (store, grant) = try await reading(caller, condition: query.condition)
        let page = try await store.evolutions(query, grant: grant)
        try requireEligible(page, query)
        return page
    }

    /// Attributes asked for by name must be such that the methods can aggregate (5.7.4.4).
    private func requireEligible(_ page: EvolutionPage, _ query: TemporalQuery) throws {
        guard query.aggregation != nil, let wanted = query.attributes else { return }
        let names = page.evolutions.flatMap(\.notAggregated).filter(wanted.contains)
        guard let name = names.min(by: { $0.text < $1.text }) else { return }
        throw BrokerError(
            .invalidRequest,
            "The values of '\(name.text)' cannot be aggregated by these aggrMethods; totalCount "
                + "and distinctCount count any."
        )
    }
}
