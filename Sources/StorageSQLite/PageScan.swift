internal import ContextModel
internal import Governance
internal import Storage

/// One page taken from a stream of candidates: what matches is counted after the decision.
struct PageScan {
    private let query: EntityQuery
    private let plan: EntityPlan
    private let grant: ReadGrant
    private let knownCount: Int?
    private var entities: [EncodedEntity] = []
    /// With an order, the keys of the first by it.
    private var first: FirstEntities<Int64>
    private let order: AttributeSelection
    private var matched = 0
    private var lookedAt = 0
    /// For the entities found.
    private var room = AnswerRoom()

    init(_ query: EntityQuery, plan: EntityPlan, grant: ReadGrant, knownCount: Int?) {
        self.query = query
        self.plan = plan
        self.grant = grant
        self.knownCount = knownCount
        let order = EntityOrder(query.order)
        self.order = order.selection
        first = FirstEntities(query.offset + query.limit, by: order)
    }

    /// False when it would have to look at more candidates in all than allowed, or keeps more bytes; run
    /// again to go on.
    mutating func run(
        _ source: inout any CandidateSource,
        upTo allowed: Int?,
        bytes allowedBytes: Int = .max
    ) throws -> Bool {
        while lookedAt < allowed ?? .max, room.taken <= allowedBytes {
            guard let candidate = try source.next() else { return true }
            lookedAt += 1
            guard let match = try plan.match(candidate, for: grant) else { continue }
            matched += 1
            if !query.order.isEmpty {
                first.add(try entity(candidate, match), as: candidate.key, within: plan.budget)
                try plan.budget.require(0)
            } else if matched > query.offset {
                if entities.count < query.limit {
                    try room.take(candidate.size)
                    entities.append(try shaped(candidate, match))
                } else if knownCount != nil || !query.wantsCount {
                    return true
                }
            }
        }
        return false
    }

    /// With the attributes that the order looks at, at least.
    private func entity(_ candidate: Candidate, _ match: EntityPlan.Match) throws -> Entity {
        if case .rest(let entity) = match { return grant.sortable(entity) }
        return grant.sortable(try candidate.entity(order, for: grant))
    }

    private func shaped(
        _ candidate: Candidate,
        _ match: EntityPlan.Match
    ) throws -> EncodedEntity {
        if case .rest(let entity) = match { return grant.encode(entity) }
        return try grant.shape(candidate.body)
    }

    func page(_ connection: Connection) throws -> EntityPage<EncodedEntity> {
        EntityPage(
            entities: query.order.isEmpty ? entities : try sorted(connection),
            count: query.wantsCount ? knownCount ?? matched : nil,
            hasMore: matched > query.offset + query.limit
        )
    }

    private func sorted(_ connection: Connection) throws -> [EncodedEntity] {
        var rows = try KeyList(connection, inOrder: first.sorted().dropFirst(query.offset))
        var page: [EncodedEntity] = []
        var room = AnswerRoom()
        while let candidate = try rows.next() {
            if let match = try plan.match(candidate, for: grant) {
                try room.take(candidate.size)
                page.append(try shaped(candidate, match))
            }
        }
        return page
    }
}
