package import Governance
package import Storage
import ContextModel

extension Reading {
    /// Query Temporal Evolution of Entities (clause 5.7.4).
    ///
    /// With a request for an EntityMap, the page has entities that the map lists (clause 5.5.14).
    ///
    /// Where it is passed on, sources are asked, too.
    package func queryEvolutions(
        _ query: TemporalQuery,
        through map: EntityMapRequest? = nil,
        forwarding: Forwarding? = nil,
        isRetrieval: Bool = false,
        caller: Caller
    ) async throws -> Disclosed<EvolutionAnswer> {
        let session = try await session(caller, condition: query.condition)
        if let map {
            return try await session.seal(try await page(of: query, through: map, session, caller))
        }
        if let forwarding,
            let answer = try await federatedEvolutions(
                query,
                forwarding,
                isRetrieval: isRetrieval,
                session,
                caller
            )
        {
            return answer
        }
        let answer = try await session.read { [limits] transaction in
            let page = try transaction.evolutions(query)
            let counted = try session.counted(
                by: query,
                page,
                most: limits.maximumPage,
                transaction
            )
            return EvolutionAnswer(page: page, map: nil, counted: counted)
        }
        try requireEligible(answer.page, query)
        return try await session.seal(answer)
    }

    /// Throws for an attribute that the query names and that the methods cannot aggregate
    /// (5.7.4.4).
    func requireEligible(_ page: EvolutionPage, _ query: TemporalQuery) throws {
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
