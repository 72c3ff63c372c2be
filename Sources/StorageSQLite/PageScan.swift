internal import ContextModel
internal import Governance
internal import Storage

/// Collects one page from a sequence of candidates; the matches are decided one by one.
struct PageScan {
    private let query: EntityQuery
    private let plan: EntityPlan
    private let grant: ReadGrant
    private let knownCount: Int?
    private var entities: [EncodedEntity] = []
    /// The keys of the first entities of the order, for a sorted query.
    private var first: FirstEntities<Int64>
    private let order: AttributeSelection
    private var matched = 0
    private var lookedAt = 0
    /// The bytes of the entities found.
    private var size = AnswerSize()

    init(_ query: EntityQuery, plan: EntityPlan, grant: ReadGrant, knownCount: Int?) {
        self.query = query
        self.plan = plan
        self.grant = grant
        self.knownCount = knownCount
        let order = EntityOrder(query.order)
        self.order = order.selection
        first = FirstEntities(query.offset + query.limit, by: order)
    }

    /// Looks at candidates until the page is full.
    ///
    /// Returns false when it would exceed the number of candidates, or of bytes, allowed; run it
    /// again to continue.
    mutating func run(
        _ source: inout any CandidateSource,
        upTo allowed: Int?,
        bytes allowedBytes: Int = .max
    ) throws -> Bool {
        while lookedAt < allowed ?? .max, size.taken <= allowedBytes {
            guard let candidate = try source.next() else { return true }
            lookedAt += 1
            guard let match = try plan.match(candidate, for: grant) else { continue }
            matched += 1
            if !query.order.isEmpty {
                first.add(try entity(candidate, match), as: candidate.key, within: plan.budget)
                try plan.budget.require(0)
            } else if matched > query.offset {
                if entities.count < query.limit {
                    try size.take(candidate.size)
                    entities.append(try grant.shaped(candidate, match))
                } else if knownCount != nil || !query.wantsCount {
                    return true
                }
            }
        }
        return false
    }

    /// The entity with at least the attributes that the order looks at.
    private func entity(_ candidate: Candidate, _ match: EntityPlan.Match) throws -> Entity {
        if case .rest(let entity) = match { return grant.sortable(entity) }
        return grant.sortable(try candidate.entity(order, for: grant))
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
        var size = AnswerSize()
        while let candidate = try rows.next() {
            if let match = try plan.match(candidate, for: grant) {
                try size.take(candidate.size)
                page.append(try grant.shaped(candidate, match))
            }
        }
        return page
    }
}

extension ReadGrant {
    /// The candidate as the reader may see it.
    func shaped(_ candidate: Candidate, _ match: EntityPlan.Match) throws -> EncodedEntity {
        if case .rest(let entity) = match { return encode(entity) }
        return try shape(candidate.body)
    }
}
