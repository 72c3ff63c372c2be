internal import ContextModel
internal import Governance
internal import Storage

extension Reader {
    func evolutions(
        _ query: TemporalQuery,
        vocabulary: Vocabulary,
        now: Timestamp,
        grant: ReadGrant
    ) throws -> EvolutionPage { EvolutionPage(evolutions: [], count: 0, hasMore: false) }
}
