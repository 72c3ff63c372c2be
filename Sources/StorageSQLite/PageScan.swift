internal import ContextModel
internal import Governance
internal import Storage

/// One page taken from a stream of candidates: what matches is counted after the decision.
struct PageScan {
    private let query: EntityQuery
    private let plan: EntityPlan
    private let grant: ReadGrant
    private let knownCount: Int?
    private let decision: PreparedCondition
    private var entities: [Entity] = []
    private var matched = 0
    private var lookedAt = 0
    /// After so many candidates the scan pauses; nil for never.
    var budget: Int?

    init(_ query: EntityQuery, plan: EntityPlan, grant: ReadGrant, knownCount: Int?) {
        self.query = query
        self.plan = plan
        self.grant = grant
        self.knownCount = knownCount
        decision = PreparedCondition(plan.condition)
    }

    /// False when the budget ran out; run again to go on.
    mutating func run(_ source: inout any CandidateSource) throws -> Bool {
        while budget.map({ lookedAt < $0 }) ?? true {
            guard let candidate = try source.next() else { return true }
            lookedAt += 1
            guard let match = try plan.match(candidate, decision: decision, grant: grant)
            else { continue }
            matched += 1
            if !query.order.isEmpty {
                entities.append(try entity(candidate, match))
            } else if matched > query.offset {
                if entities.count < query.limit {
                    entities.append(grant.shape(try entity(candidate, match)))
                } else if knownCount != nil || !query.wantsCount {
                    return true
                }
            }
        }
        return false
    }

    private func entity(_ candidate: Candidate, _ match: EntityPlan.Match) throws -> Entity {
        if case .decoded(let entity) = match { return entity }
        return grant.dated(try candidate.entity())
    }

    func page() -> EntityPage {
        var page = entities
        if !query.order.isEmpty {
            page = EntityOrder(query.order).sorted(entities).dropFirst(query.offset)
                .prefix(query.limit).map(grant.shape)
        }
        return EntityPage(
            entities: page,
            count: query.wantsCount ? knownCount ?? matched : nil,
            hasMore: matched > query.offset + query.limit
        )
    }
}
