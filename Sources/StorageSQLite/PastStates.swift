internal import ContextModel
internal import Governance
internal import Storage

/// The former types and scopes of entities: how a transaction stores them, and how they limit
/// what it may change.
extension Writer {
    /// Stores the former types and scopes of an entity when the change gives it other ones.
    ///
    /// `key` is that of its row after the change.
    func keepPast(of old: StoredEntity, before new: Entity, key: Int64) throws {
        let state = try EntityPast.State(
            ending: old.entity,
            becoming: new,
            lastChange: latestChanges[old.history],
            lastEnd: { try past.lastEnd(of: key) }
        )
        guard let state, let was = state.entity else { return }
        try past.insert.bind(1, key).bind(2, state.endsAt).bind(3, state.changesFrom)
            .bind(4, vocabulary.shape(of: was)).bind(5, Body.bytes(was)).run()
        try past.forget(beyond: EntityPast.maximumStates, of: key)
    }

    /// A row that takes the place of another one has its past.
    func movePast(from old: Int64, to new: Int64) throws {
        guard old != new else { return }
        try past.move.bind(1, old).bind(2, new).run()
    }

    /// The past of an entity of which nothing is left.
    func removePast(of key: Int64) throws {
        try past.remove.bind(1, key).run()
    }

    /// The changes of the attribute of the entity that the request's grant does not cover, or of any
    /// attribute, if no name is given; nil when it covers all.
    func hiddenChanges(of row: StoredEntity, _ name: IRI? = nil) throws -> HiddenChanges? {
        guard let granted = transaction.granted else { return nil }
        let covered = granted.reach(of: name)
        guard covered != .everything else { return nil }
        // That the grant covers the current state is known, but not whether the attribute is hidden.
        let mayBeHidden = name.map(granted.isPartlyHidden) ?? false
        guard try mayBeHidden || past.lastEnd(of: row.key) > 0 else { return nil }
        return HiddenChanges(of: row, from: covered, past)
    }

    /// Whether the entity has any history that the request's grant covers.
    func hasHistory(_ row: StoredEntity) throws -> Bool {
        let hidesNames = !(transaction.granted?.hidden.isEmpty ?? true)
        guard try hidesNames || hiddenChanges(of: row) != nil else {
            return try hasRows(history: row.history)
        }
        let whole = TemporalQuery(condition: .everything, instanceLimit: 1, limit: 1)
        let series = try SeriesReader(
            connection,
            query: whole,
            vocabulary: vocabulary.current,
            now: Timestamp(microseconds: 0),
            sealing: segments.limits
        )
        let keys = try series.keys(of: row.history).filter {
            !(transaction.granted?.hidden.everywhere.contains($0.name) ?? false)
        }
        // Mostly a newest instance is seen, for which little of the past has to be known.
        for key in keys {
            guard let hidden = try hiddenChanges(of: row, key.name) else { return true }
            let newest = history.newest.bind(1, row.history).bind(2, key.number.name)
                .bind(3, key.number.dataset)
            defer { newest.reset() }
            if try newest.step(), try !hidden.contains(newest.int(0)) { return true }
        }
        return try keys.contains { key in
            let moments = try hiddenChanges(of: row, key.name)?.moments() ?? HiddenMoments([])
            return try series.hasInstance(row.history, key, hiding: moments)
        }
    }

    /// Notes a change of the history of an entity that is not one of the entity itself.
    func noteChange(of row: StoredEntity, at moment: Timestamp?) {
        latestChanges.note(moment?.microseconds ?? 0, of: row.history)
    }
}

/// The changes of one entity that a transaction's grant does not cover, each decided when it is asked
/// about: of all that the entity was, that alone is read which the change may belong to.
final class HiddenChanges {
    private let row: StoredEntity
    private let decision: PreparedCondition
    private let past: PastStatements
    /// Whether the grant covers the state that ended then, as far as that was decided.
    private(set) var decided: [Int64: Bool] = [:]

    fileprivate init(of row: StoredEntity, from covered: Condition, _ past: PastStatements) {
        self.row = row
        self.past = past
        decision = PreparedCondition(covered)
    }

    /// Whether a change of that moment, in microseconds, is hidden.
    func contains(_ moment: Int64) throws -> Bool {
        if try !coversState(after: moment) { return true }
        // Where states overlap, the change may belong to the next one, too.
        let overlaps = past.overlaps.bind(1, row.key).bind(2, moment)
        defer { overlaps.reset() }
        while try overlaps.step() {
            if try !coversState(after: overlaps.int(0)) { return true }
        }
        return false
    }

    /// All of them.
    func moments() throws -> HiddenMoments {
        EntityPast(try past.states(of: row.key), current: row.entity).hidden(covers)
    }

    /// Whether the grant covers the first state that ended after the moment.
    private func coversState(after moment: Int64) throws -> Bool {
        let next = past.next.bind(1, row.key).bind(2, moment)
        defer { next.reset() }
        let isPast = try next.step()
        let end = isPast ? next.int(0) : .max
        if let known = decided[end] { return known }
        let isCovered = try isPast ? next.formerEntity(1).map(covers) ?? false : covers(row.entity)
        decided[end] = isCovered
        return isCovered
    }

    /// What a rule says of values is decided by what is stored, as for the entity itself.
    private func covers(_ state: Entity) -> Bool {
        decision.matches(row.entity.asIt(was: state))
    }
}

/// When histories were changed last, as far as that matters for requests that wait together.
final class LatestChanges {
    /// The most histories that are remembered; then all are forgotten.
    static let maximumCount = 4_096

    private var moments: [Int64: Int64] = [:]

    /// In microseconds; zero when nothing is remembered.
    subscript(history: Int64) -> Int64 { moments[history] ?? 0 }

    func note(_ moment: Int64, of history: Int64) {
        if moments.count >= Self.maximumCount { moments = [:] }
        moments[history] = max(moment, self[history])
    }
}

/// The statements that keep what entities were.
struct PastStatements {
    fileprivate let insert, move, remove, next, overlaps: Statement
    private let last, states, oldestKept, blank, removeBefore: Statement

    init(_ connection: Connection) throws {
        insert = try connection.prepare("INSERT INTO past VALUES (?1, ?2, ?3, ?4, ?5)")
        move = try connection.prepare("UPDATE past SET entity = ?2 WHERE entity = ?1")
        remove = try connection.prepare("DELETE FROM past WHERE entity = ?1")
        last = try connection.prepare(
            "SELECT coalesce(max(ends_at), 0) FROM past WHERE entity = ?1"
        )
        next = try connection.prepare(
            "SELECT ends_at, body FROM past WHERE entity = ?1 AND ends_at > ?2 ORDER BY ends_at LIMIT 1"
        )
        overlaps = try connection.prepare(
            """
            SELECT ends_at FROM past INDEXED BY past_overlap
            WHERE entity = ?1 AND ends_at > ?2 AND changes_from <= ?2 AND changes_from < ends_at
            """
        )
        oldestKept = try connection.prepare(
            "SELECT ends_at FROM past WHERE entity = ?1 ORDER BY ends_at DESC LIMIT 1 OFFSET ?2"
        )
        blank = try connection.prepare(
            "UPDATE past SET body = x'' WHERE entity = ?1 AND ends_at = ?2"
        )
        removeBefore = try connection.prepare(
            "DELETE FROM past WHERE entity = ?1 AND ends_at < ?2"
        )
        states = try Self.states(connection)
    }

    /// When the state before the current one ended; zero when there was none.
    fileprivate func lastEnd(of key: Int64) throws -> Int64 {
        defer { last.reset() }
        return try last.bind(1, key).step() ? last.int(0) : 0
    }

    /// Leaves so many former states, and before them one of which is known only when it ended.
    fileprivate func forget(beyond count: Int, of key: Int64) throws {
        defer { oldestKept.reset() }
        guard try oldestKept.bind(1, key).bind(2, Int64(count)).step() else { return }
        let end = oldestKept.int(0)
        try blank.bind(1, key).bind(2, end).run()
        try removeBefore.bind(1, key).bind(2, end).run()
    }

    func states(of key: Int64) throws -> [EntityPast.State] { try Self.read(states, of: key) }

    static func states(_ connection: Connection) throws -> Statement {
        try connection.prepare(
            "SELECT ends_at, changes_from, body FROM past WHERE entity = ?1 ORDER BY ends_at"
        )
    }

    /// Oldest first.
    static func read(_ states: Statement, of key: Int64) throws -> [EntityPast.State] {
        states.bind(1, key)
        defer { states.reset() }
        var found: [EntityPast.State] = []
        while try states.step() {
            found.append(
                EntityPast.State(
                    entity: try states.formerEntity(2),
                    changesFrom: states.int(1),
                    endsAt: states.int(0)
                )
            )
        }
        return found
    }
}

extension Statement {
    /// What an entity was; nil when that was forgotten.
    fileprivate func formerEntity(_ column: Int32) throws -> Entity? {
        let body = bytes(column)
        return body.isEmpty ? nil : try Body.entity(body)
    }
}
