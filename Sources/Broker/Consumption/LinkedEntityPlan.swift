import ContextModel

/// The plan for the Linked Entities of an answer, level by level (clause 4.5.23).
///
/// It is a value; its owner fetches the entities. In each round, `next` returns the entities to
/// fetch, and `take` gets those that were found.
struct LinkedEntityPlan {
    /// An entity on a path through the graph, shown with the projection of this index.
    private struct Visit: Hashable {
        var id: EntityID
        var projection: Int
    }

    /// A Relationship of an entity that is shown with the projection of this index.
    private struct Step: Hashable {
        var projection: Int
        var relationship: IRI
    }

    private let join: Join
    private let representation: Representation
    /// The most Linked Entities of the answer; an inline one counts each time that it is shown.
    private let limit: Int

    /// Each projection once: there are as many as the request names, far fewer than entities.
    private var projections: [Projection]
    private var numbers: [Projection: Int]
    private var steps: [Step: Int] = [:]
    private var known: [EntityID: Entity]
    private let asked: Set<EntityID>
    private var missing: Set<EntityID> = []
    /// The entities of the last level, and the number of times that each is shown there.
    private var frontier: [(visit: Visit, count: Int)]
    private var wanted: [(visit: Visit, count: Int)] = []
    private var visited: Set<Visit> = []
    private var appended: [AppendedEntity] = []
    private var appendedIDs: Set<EntityID> = []
    private var shown = 0
    private var fetched = 0
    private var level = 0
    /// Whether the answer is as deep as was asked for; false when the limit prevented it.
    private(set) var isComplete = true

    init(
        from entities: [Entity],
        _ join: Join,
        in representation: Representation,
        limit: Int
    ) {
        self.join = join
        self.representation = representation
        self.limit = limit
        projections = [representation.projection]
        numbers = [representation.projection: 0]
        known = Dictionary(entities.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        asked = Set(known.keys)
        frontier = entities.map { (Visit(id: $0.id, projection: 0), 1) }
    }

    /// The entities to fetch for the next level, perhaps none; nil when the answer is complete.
    mutating func next() -> Set<EntityID>? {
        guard level < join.level, isComplete else { return nil }
        var unknown: Set<EntityID> = []
        wanted = targets(&unknown)
        fetched += unknown.count
        isComplete = fetched <= limit
        return isComplete && !wanted.isEmpty ? unknown : nil
    }

    /// Continues to the next level with the entities that were found.
    mutating func take(_ entities: [Entity]) {
        for entity in entities { known[entity.id] = entity }
        for (visit, _) in wanted where known[visit.id] == nil { missing.insert(visit.id) }
        let reached = wanted.filter { known[$0.visit.id] != nil }
        let new = reached.reduce(0) { $0 + (counts($1.visit.id) ? $1.count : 0) }
        guard shown + new <= limit else {
            isComplete = false
            return
        }
        shown += new
        level += 1
        frontier = reached
        if join.format == .flat { append(reached.map(\.visit)) }
    }

    /// The Linked Entities of the answer.
    var result: LinkedEntities {
        switch join.format {
        case .flat: .appended(appended)
        case .inline:
            .inline(InlineEntities(known, levels: level, containedBy: join.containedBy))
        }
    }

    /// Whether the entity counts: in the flattened representation, each is shown once.
    private func counts(_ id: EntityID) -> Bool {
        join.format == .inline || !asked.contains(id) && !appendedIDs.contains(id)
    }

    /// The targets of the Relationships shown on the last level, in order, and the entities to
    /// fetch.
    ///
    /// Some are missing when there are more than the limit.
    private mutating func targets(_ unknown: inout Set<EntityID>) -> [(visit: Visit, count: Int)] {
        var order: [Visit] = []
        var counts: [Visit: Int] = [:]
        for (visit, count) in frontier {
            guard let entity = known[visit.id] else { continue }
            for attribute in entity.attributes
            where projections[visit.projection].shows(attribute.name) {
                let projection = projection(through: attribute.name, of: visit.projection)
                for id in ids(of: attribute) where id != entity.id {
                    let target = Visit(id: id, projection: projection)
                    if counts[target] == nil {
                        order.append(target)
                        if known[id] == nil, !missing.contains(id) { unknown.insert(id) }
                        guard fetched + unknown.count <= limit else { return [] }
                    }
                    counts[target, default: 0] += count
                }
            }
        }
        if join.format == .flat { order = order.filter { visited.insert($0).inserted } }
        return order.map { ($0, counts[$0] ?? 0) }
    }

    private mutating func projection(through relationship: IRI, of number: Int) -> Int {
        let step = Step(projection: number, relationship: relationship)
        if let known = steps[step] { return known }
        let projection = projections[number].projection(through: relationship)
        let next = numbers[projection] ?? projections.count
        if next == projections.count {
            projections.append(projection)
            numbers[projection] = next
        }
        steps[step] = next
        return next
    }

    private func ids(of attribute: NamedAttribute) -> [EntityID] {
        attribute.instances
            .filter { representation.datasetIDs?.contains($0.datasetID) ?? true }
            .flatMap(\.targets).compactMap(\.stringValue).map(EntityID.init)
            .filter { !join.containedBy.contains($0) }
    }

    /// Appends the entities that are not in the answer yet, as they were first met.
    private mutating func append(_ visits: [Visit]) {
        for visit in visits where !asked.contains(visit.id) {
            var representation = representation
            representation.projection = projections[visit.projection]
            guard let entity = known[visit.id], representation.showsAnything(of: entity),
                appendedIDs.insert(visit.id).inserted
            else { continue }
            appended.append(AppendedEntity(entity, representation.projection))
        }
    }
}
