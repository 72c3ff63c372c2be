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

    init(_ condition: Condition, vocabulary: Vocabulary, now: Timestamp) {
        self.condition = condition
        self.vocabulary = vocabulary
        self.now = now
        shapes = vocabulary.shapes.reduce(into: [:]) { shapes, entry in
            switch condition.verdict(entry.value, vocabulary) {
            case .all: shapes[entry.key] = true
            case .some: shapes[entry.key] = false
            case .none: break
            }
        }
    }

    /// The same plan for one of its shapes.
    init(_ plan: EntityPlan, only shape: Int64) {
        condition = plan.condition
        vocabulary = plan.vocabulary
        now = plan.now
        shapes = plan.shapes.filter { $0.key == shape }
    }

    /// Whether types and attribute names decide everything.
    var isDecidedByShape: Bool { shapes.values.allSatisfy { $0 } }

    /// Everything that can match by its shape, in the order of creation.
    func scan(_ connection: Connection) throws -> any CandidateSource {
        if shapes.count <= Limits.mergedShapes {
            return try ShapeMerge(connection, shapes: Array(shapes.keys))
        }
        return try KeyScan(connection)
    }

    /// What is known of a candidate that matches.
    enum Match {
        /// Its shape said so; it is not decoded yet.
        case undecoded
        case decoded(Entity)
    }

    /// nil when the candidate does not match; decodes it only if its shape does not say.
    func match(
        _ candidate: Candidate,
        decision: PreparedCondition,
        grant: ReadGrant
    ) throws -> Match? {
        guard let isCertain = shapes[candidate.shape] else { return nil }
        if candidate.isExpired(now) {
            // What is left of it may be of another shape, so the shape says nothing.
            guard let left = try candidate.entity().unexpired(at: now) else { return nil }
            let rest = grant.dated(left)
            return decision.matches(rest) ? .decoded(rest) : nil
        }
        if isCertain { return .undecoded }
        let entity = grant.dated(try candidate.entity())
        return decision.matches(entity) ? .decoded(entity) : nil
    }

    /// The number of entities, from the index of shapes alone but for those of which something has
    /// expired.
    func countByShape(_ connection: Connection) throws -> Int {
        let count = try connection.prepare("SELECT count(*) FROM entity WHERE shape = ?1")
        let expired = try connection.prepare(
            """
            SELECT body FROM entity INDEXED BY entity_expires
            WHERE expires IS NOT NULL AND expires <= ?2 AND shape = ?1
            """
        )
        let decision = PreparedCondition(condition)
        var sum = 0
        for shape in shapes.keys {
            defer {
                count.reset()
                expired.reset()
            }
            _ = try count.bind(1, shape).step()
            sum += Int(count.int(0))
            expired.bind(1, shape).bind(2, now.microseconds)
            while try expired.step() {
                let rest = try Body.entity(expired.bytes(0)).unexpired(at: now)
                if !(rest.map(decision.matches) ?? false) { sum -= 1 }
            }
        }
        return sum
    }
}
