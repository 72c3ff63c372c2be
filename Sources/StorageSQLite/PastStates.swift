internal import ContextModel
internal import Governance
internal import Storage

/// The former types and scopes of entities: how a transaction stores them, and how they limit what
/// it may change.
extension Writer {
    /// Stores the former types and scopes of an entity when the change replaces them.
    ///
    /// `key` is the key of its row after the change.
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

    /// Moves the former states to a row that replaces another one.
    func movePast(from old: Int64, to new: Int64) throws {
        guard old != new else { return }
        try past.move.bind(1, old).bind(2, new).run()
    }

    /// Removes the former states of an entity of which nothing is left.
    func removePast(of key: Int64) throws {
        try past.remove.bind(1, key).run()
    }

    /// The changes that the request's grant does not cover, of one attribute or of all; nil when
    /// it covers all.
    func hiddenChanges(of row: StoredEntity, _ name: IRI? = nil) throws -> HiddenChanges? {
        guard let granted = transaction.granted else { return nil }
        let covered = granted.reach(of: name)
        guard covered != .everything else { return nil }
        // The grant covers the current state; the attribute may be hidden in it all the same.
        let mayBeHidden = name.map(granted.isPartlyHidden) ?? false
        guard try mayBeHidden || past.lastEnd(of: row.key) > 0 else { return nil }
        return HiddenChanges(of: row, from: covered, past)
    }

    /// Whether the request's grant covers any part of the entity's history.
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
        // A newest instance is mostly visible, for which few of the former states are read.
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

    /// Notes a change of the history of an entity that does not change the entity itself.
    func noteChange(of row: StoredEntity, at moment: Timestamp?) {
        latestChanges.note(moment?.microseconds ?? 0, of: row.history)
    }
}

/// The changes of one entity that a transaction's grant does not cover.
///
/// Each is decided on demand, and only the former states to which it may belong are read.
final class HiddenChanges {
    private let row: StoredEntity
    private let decision: PreparedCondition
    private let past: PastStatements
    /// Whether the grant covers the state that ended at this moment, as far as it was decided.
    private(set) var decided: [Int64: Bool] = [:]

    fileprivate init(of row: StoredEntity, from covered: Condition, _ past: PastStatements) {
        self.row = row
        self.past = past
        decision = PreparedCondition(covered)
    }

    /// Whether a change at the moment, in microseconds, is hidden.
    func contains(_ moment: Int64) throws -> Bool {
        if try !coversState(after: moment) { return true }
        // Where states overlap, the change may also belong to the next state.
        let overlaps = past.overlaps.bind(1, row.key).bind(2, moment)
        defer { overlaps.reset() }
        while try overlaps.step() {
            if try !coversState(after: overlaps.int(0)) { return true }
        }
        return false
    }

    /// All hidden moments.
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

    /// Conditions on values are decided over the stored entity, as for the entity itself.
    private func covers(_ state: Entity) -> Bool {
        decision.matches(row.entity.inState(was: state))
    }
}

/// The times of the last changes of histories, as far as waiting requests need them.
final class LatestChanges {
    /// The most histories that are kept; when there are more, all are forgotten.
    static let maximumCount = 4_096

    private var moments: [Int64: Int64] = [:]

    /// In microseconds; zero when unknown.
    subscript(history: Int64) -> Int64 { moments[history] ?? 0 }

    func note(_ moment: Int64, of history: Int64) {
        if moments.count >= Self.maximumCount { moments = [:] }
        moments[history] = max(moment, self[history])
    }
}

/// The statements that store former states of entities.
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

    /// The end of the last former state; zero when there is none.
    fileprivate func lastEnd(of key: Int64) throws -> Int64 {
        defer { last.reset() }
        return try last.bind(1, key).step() ? last.int(0) : 0
    }

    /// Keeps `count` former states, and before them one of which only its end is known.
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

    /// Reads the states, oldest first.
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
    /// The former state of the entity; nil when it was forgotten.
    fileprivate func formerEntity(_ column: Int32) throws -> Entity? {
        let body = bytes(column)
        return body.isEmpty ? nil : try Body.entity(body)
    }
}
