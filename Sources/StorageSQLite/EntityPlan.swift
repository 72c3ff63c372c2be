internal import ContextModel
internal import Governance
internal import Storage

/// The plan of a query over current state: which shapes can match, which of them match for any
/// values, and which index leaves few candidates.
struct EntityPlan {
    let condition: Condition
    let vocabulary: Vocabulary
    /// The shapes that can match; the value is true when every entity of the shape matches.
    private(set) var shapes: [Int64: Bool]
    let now: Timestamp
    /// The budget of all decisions together.
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

    /// The steps for deciding a part of the condition by the shape alone.
    private static let stepsOfVerdict = 10
    /// The number of bytes of a body that one step decodes.
    private static let bytesInStep = 8

    /// Leaves out the shapes of entities that have no reading.
    mutating func leaveOutWithoutReadings() {
        shapes = shapes.filter { vocabulary.shapes[$0.key]?.hasReadings ?? true }
    }

    /// Whether types and attribute names decide the whole condition.
    var isDecidedByShape: Bool { shapes.values.allSatisfy { $0 } }

    /// The attributes that are hidden in the entities of each shape; nil when they differ within a
    /// shape.
    func hiddenByShape(from grant: ReadGrant) -> [Int64: Set<IRI>]? {
        guard grant.hidden.shaped.isEmpty else { return nil }
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

    /// All entities of shapes that can match, in the order of creation.
    func scan(_ connection: Connection) throws -> any CandidateSource {
        if shapes.count <= Limits.mergedShapes {
            return try ShapeMerge(connection, shapes: Array(shapes.keys))
        }
        return try KeyScan(connection)
    }

    /// The same, looked up by shape, for a caller that reads all of it.
    ///
    /// Use it when few entities among many can match, with very many shapes. Returns nil when
    /// `scan` is as good.
    func lookup(_ connection: Connection) throws -> KeyList? {
        guard shapes.count > Limits.mergedShapes, shapes.count < vocabulary.shapes.count else {
            return nil
        }
        return try KeyList(connection, shapes: shapes.keys)
    }

    /// The same for a caller that reads all of it.
    ///
    /// Where every shape can match, entities are read in the order in which they are stored.
    func walk(_ connection: Connection) throws -> any CandidateSource {
        if shapes.count == vocabulary.shapes.count { return try KeyScan(connection) }
        return try lookup(connection) ?? scan(connection)
    }

    /// A candidate that matches.
    enum Match {
        case asStored
        /// A part of it has expired; this is the rest.
        case rest(Entity)
    }

    /// Decides the candidate; nil when it does not match.
    ///
    /// Decodes only the attributes that the decision needs, and nothing when the shape decides.
    func match(_ candidate: Candidate, for grant: ReadGrant) throws -> Match? {
        guard let isCertain = shapes[candidate.shape] else { return nil }
        if candidate.isExpired(now) {
            // Without the expired part it may have another shape, so its own shape decides
            // nothing.
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

    /// The number of matching entities of each shape.
    ///
    /// It reads the index of shapes alone, except for entities of which something has expired.
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
