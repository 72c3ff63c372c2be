internal import ContextModel
internal import Governance
internal import Storage

/// Finds a page of entities, with the index that leaves fewest candidates or in the order of
/// creation.
///
/// It runs within one snapshot.
struct PageSearch {
    let query: EntityQuery
    var plan: EntityPlan
    let grant: ReadGrant
    let connection: Connection
    /// Called with the attribute whose index answers.
    let usesIndex: (Int64) -> Void
    /// Called with the attributes for which a value index would help, before their values are
    /// read.
    ///
    /// Without the index, the query might not finish in its time.
    let wantIndexes: ([IRI]) -> Void

    private var lookup: IndexLookup {
        IndexLookup(
            connection: connection,
            vocabulary: plan.vocabulary,
            usesIndex: usesIndex
        )
    }

    private func scan(count: Int? = nil) -> PageScan {
        PageScan(query, plan: plan, grant: grant, knownCount: count)
    }

    /// Returns the page if it needs few candidates, otherwise nil.
    func quickPage() throws -> EntityPage<EncodedEntity>? {
        guard query.order.isEmpty, !query.wantsCount, plan.condition.requiredBoxes == nil,
            plan.condition.requiredIDs?.count ?? 0 <= Limits.candidatesAtOnce
        else { return nil }
        var scan = scan()
        var source = try lookup.candidates(plan.condition) ?? plan.scan(connection)
        let isWhole = try scan.run(
            &source,
            upTo: Limits.candidatesAtOnce,
            bytes: Limits.bytesAtOnce
        )
        return isWhole ? try scan.page(connection) : nil
    }

    func page() throws -> EntityPage<EncodedEntity> {
        let count = try knownCount()
        if query.limit == 0, let count {
            return EntityPage(entities: [], count: count, hasMore: count > query.offset)
        }
        var scan = scan(count: count)
        if var source = try lookup.candidates(plan.condition) {
            _ = try scan.run(&source, upTo: nil)
            return try scan.page(connection)
        }
        // A page that is filled quickly needs no index; another one starts again with an index.
        var source = try plan.scan(connection)
        if try scan.run(&source, upTo: Limits.candidatesAtOnce) {
            return try scan.page(connection)
        }
        if let keys = try lookup.keysByValue(plan.condition) {
            scan = self.scan(count: count)
            source = try KeyList(connection, keys: keys)
        } else {
            wantIndexes(try lookup.missingIndexes(plan.condition))
            if let few = try plan.lookup(connection) {
                scan = self.scan(count: count)
                source = few
            }
        }
        _ = try scan.run(&source, upTo: nil)
        return try scan.page(connection)
    }

    /// The identifiers of all entities that `page` would have; for a sorted query, those of the
    /// page.
    func identifiers() throws -> [EntityID] {
        guard query.order.isEmpty else { return try page().decoded().entities.map(\.id) }
        var ids: [EntityID] = []
        try forEach { candidate, _ in
            ids.append(try candidate.entity(AttributeSelection([])).id)
            return true
        }
        return ids
    }

    /// Calls the body with all entities that `page` would have, until it returns false; the query has no order.
    func forEach(_ body: (Candidate, EntityPlan.Match) throws -> Bool) throws {
        var source: any CandidateSource
        // As for a page, an index is wanted when a few candidates were not enough.
        var untilIndex = Limits.candidatesAtOnce
        if let narrowed = try lookup.candidates(plan.condition) {
            source = narrowed
        } else if let keys = try lookup.keysByValue(plan.condition) {
            source = try KeyList(connection, keys: keys)
        } else {
            source = try plan.walk(connection)
        }
        var matched = 0
        let end = query.offset + query.limit
        while matched < end, let candidate = try source.next() {
            untilIndex -= 1
            if untilIndex == 0 { wantIndexes(try lookup.missingIndexes(plan.condition)) }
            guard let match = try plan.match(candidate, for: grant) else { continue }
            matched += 1
            guard try matched <= query.offset || body(candidate, match) else { return }
        }
    }

    private func knownCount() throws -> Int? {
        guard query.wantsCount, plan.isDecidedByShape else { return nil }
        return try plan.countsByShape(connection).values.reduce(0, +)
    }
}

/// Discovery of types and attributes.
extension Reader {
    func shapes(plan: EntityPlan, grant: ReadGrant) throws -> [EntityShape] {
        if plan.isDecidedByShape, let hidden = plan.hiddenByShape(from: grant) {
            let counts = try plan.countsByShape(connection)
            return try merged(
                counts.map { (key: SeenShape(number: $0, hidden: hidden[$0] ?? []), value: $1) },
                plan.vocabulary
            )
        }
        var counts: [SeenShape: Int] = [:]
        let lookup = IndexLookup(connection: connection, vocabulary: plan.vocabulary)
        var source: any CandidateSource =
            try lookup.candidates(plan.condition) ?? plan.lookup(connection)
            ?? plan.scan(connection)
        while let candidate = try source.next() {
            if try plan.match(candidate, for: grant) != nil {
                let hidden =
                    grant.hidden.isUniform
                    ? grant.hidden.everywhere
                    : grant.hidden.names(in: try candidate.entity(grant.hidden.selection))
                counts[SeenShape(number: candidate.shape, hidden: hidden), default: 0] += 1
            }
        }
        return try merged(counts, plan.vocabulary)
    }

    /// A shape of entities in which the same attributes are hidden.
    private struct SeenShape: Hashable {
        var number: Int64
        var hidden: Set<IRI>
    }

    /// Making a set of the kinds of each member takes longer than comparing it.
    private static let stepsPerMember = 20

    private func merged(
        _ counts: some Sequence<(key: SeenShape, value: Int)>,
        _ vocabulary: Vocabulary
    ) throws -> [EntityShape] {
        var merged = ShapeCounts()
        for (seen, count) in counts where count > 0 {
            guard let shape = vocabulary.shapes[seen.number] else { continue }
            try budget.require(shape.members.count * Self.stepsPerMember)
            let kinds = shape.members.map { member in
                let kinds = Attribute.Kind.allCases.filter {
                    member.kinds & (1 << $0.rawValue) != 0
                }
                return (vocabulary.iri(member.name), Set(kinds))
            }
            merged.add(
                types: shape.types.map(vocabulary.iri),
                attributes: Dictionary(kinds) { $0.union($1) },
                hiding: seen.hidden,
                count: count
            )
        }
        return merged.shapes
    }
}
