internal import ContextModel
internal import Governance
internal import Storage

/// How a query over current state is answered: which shapes can match, which of them match
/// whatever their values, and which index narrows the rest down.
struct EntityPlan {
    let condition: Condition
    let vocabulary: Vocabulary
    /// Shapes that can match; true when every entity of the shape does.
    let shapes: [Int64: Bool]
    let now: Timestamp
    /// What all decisions together may cost.
    let budget: DecisionBudget?
    private let decision: PreparedCondition

    init(
        _ condition: Condition,
        vocabulary: Vocabulary,
        now: Timestamp,
        budget: DecisionBudget?
    ) throws {
        self.condition = condition
        self.vocabulary = vocabulary
        self.now = now
        self.budget = budget
        decision = PreparedCondition(condition)
        let size = condition.size
        var shapes: [Int64: Bool] = [:]
        try condition.eachCandidateShape(vocabulary) { number, shape in
            try budget.require(Self.stepsOfVerdict * size)
            switch condition.verdict(shape, vocabulary) {
            case .all: shapes[number] = true
            case .some: shapes[number] = false
            case .none: break
            }
        }
        self.shapes = shapes
    }

    /// What a part of the condition costs to be decided by the shape alone.
    private static let stepsOfVerdict = 10
    /// Bytes of a body that are decoded in one step.
    private static let bytesInStep = 8

    /// Whether types and attribute names decide everything.
    var isDecidedByShape: Bool { shapes.values.allSatisfy { $0 } }

    /// What is hidden in the entities of each shape; nil where that differs among those of one shape.
    func hiddenByShape(from grant: ReadGrant) -> [Int64: Set<IRI>]? {
        var hidden = shapes.mapValues { _ in grant.hidden.everywhere }
        for element in grant.hidden.elements {
            for number in shapes.keys {
                guard let shape = vocabulary.shapes[number] else { continue }
                switch element.condition.verdict(shape, vocabulary) {
                case .all: hidden[number]?.formUnion(element.names)
                case .none: break
                case .some: return nil
                }
            }
        }
        return hidden
    }

    /// Everything that can match by its shape, in the order of creation.
    func scan(_ connection: Connection) throws -> any CandidateSource {
        if shapes.count <= Limits.mergedShapes {
            return try ShapeMerge(connection, shapes: Array(shapes.keys))
        }
        return try KeyScan(connection)
    }

    /// The same for whoever reads on, where it is little among much else: the entities of very many
    /// shapes, looked up by these.
    ///
    /// nil where `scan` does as well.
    func lookup(_ connection: Connection) throws -> KeyList? {
        guard shapes.count > Limits.mergedShapes, shapes.count < vocabulary.shapes.count else {
            return nil
        }
        return try KeyList(connection, shapes: shapes.keys)
    }

    /// What is known of a candidate that matches.
    enum Match {
        case asStored
        /// Something of it has expired, and this is left.
        case rest(Entity)
    }

    /// nil when the candidate does not match; decodes what the decision looks at, and only if the
    /// candidate's shape does not say.
    func match(_ candidate: Candidate, for grant: ReadGrant) throws -> Match? {
        guard let isCertain = shapes[candidate.shape] else { return nil }
        if candidate.isExpired(now) {
            // What is left of it may be of another shape, so the shape says nothing.
            guard let left = try candidate.entity().unexpired(at: now) else { return nil }
            let rest = grant.dated(left)
            return try matches(rest) ? .rest(rest) : nil
        }
        if isCertain { return .asStored }
        try budget.require(candidate.size / Self.bytesInStep)
        let entity = try candidate.entity(decision.selection, for: grant)
        return try matches(entity) ? .asStored : nil
    }

    private func matches(_ entity: Entity) throws -> Bool {
        let answer = decision.matches(entity, within: budget)
        try budget.require(0)
        return answer
    }

    /// The number of entities of each shape, from the index of shapes alone but for those of which
    /// something has expired.
    func countsByShape(_ connection: Connection) throws -> [Int64: Int] {
        let count = try connection.prepare("SELECT count(*) FROM entity WHERE shape = ?1")
        let expired = try connection.prepare(
            """
            SELECT body FROM entity INDEXED BY entity_expires
            WHERE expires IS NOT NULL AND expires <= ?2 AND shape = ?1
            """
        )
        return try shapes.keys.reduce(into: [:]) { counts, shape in
            defer {
                count.reset()
                expired.reset()
            }
            _ = try count.bind(1, shape).step()
            var sum = Int(count.int(0))
            expired.bind(1, shape).bind(2, now.microseconds)
            while try expired.step() {
                let rest = try Body.entity(expired.bytes(0)).unexpired(at: now)
                if try !(rest.map(matches) ?? false) { sum -= 1 }
            }
            counts[shape] = sum
        }
    }
}
