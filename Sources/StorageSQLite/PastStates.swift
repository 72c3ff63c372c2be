internal import ContextModel
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
        guard let state else { return }
        try past.insert.bind(1, key).bind(2, state.endsAt).bind(3, state.changesFrom)
            .bind(4, shape(of: state.entity)).bind(5, Body.bytes(state.entity)).run()
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

    /// The changes of the entity that the transaction's grant does not cover.
    func hiddenMoments(of row: StoredEntity) throws -> HiddenMoments {
        guard covered != .everything else { return HiddenMoments([]) }
        let states = try past.states(of: row.key)
        guard !states.isEmpty else { return HiddenMoments([]) }
        let decision = PreparedCondition(covered)
        // What a rule says of values is decided by what is stored, as for the entity itself.
        return EntityPast(states, current: row.entity).hidden { state in
            decision.matches(row.entity.asIt(was: state))
        }
    }

    /// Whether the entity has any history that the transaction's grant covers.
    func hasHistory(_ row: StoredEntity) throws -> Bool {
        let hidden = try hiddenMoments(of: row)
        guard !hidden.isEmpty else { return try hasRows(history: row.history) }
        let whole = TemporalQuery(condition: .everything, instanceLimit: 1, limit: 1)
        let series = try SeriesReader(
            connection,
            query: whole,
            vocabulary: vocabulary,
            now: Timestamp(microseconds: 0),
            sealing: sealing
        )
        return try series.keys(of: row.history).contains {
            try series.hasInstance(row.history, $0, hiding: hidden)
        }
    }

    /// Notes a change of the history of an entity that is not one of the entity itself.
    func noteChange(of row: StoredEntity, at moment: Timestamp?) {
        latestChanges.note(moment?.microseconds ?? 0, of: row.history)
    }
}

/// When histories were changed last, as far as that matters for requests that wait together.
struct LatestChanges {
    /// The most histories that are remembered; then all are forgotten.
    static let maximumCount = 4_096

    private var moments: [Int64: Int64] = [:]

    /// In microseconds; zero when nothing is remembered.
    subscript(history: Int64) -> Int64 { moments[history] ?? 0 }

    mutating func note(_ moment: Int64, of history: Int64) {
        if moments.count >= Self.maximumCount { moments = [:] }
        moments[history] = max(moment, self[history])
    }
}

/// The statements that keep what entities were.
struct PastStatements {
    fileprivate let insert, move, remove: Statement
    private let last, states: Statement

    init(_ connection: Connection) throws {
        insert = try connection.prepare("INSERT INTO past VALUES (?1, ?2, ?3, ?4, ?5)")
        move = try connection.prepare("UPDATE past SET entity = ?2 WHERE entity = ?1")
        remove = try connection.prepare("DELETE FROM past WHERE entity = ?1")
        last = try connection.prepare(
            "SELECT coalesce(max(ends_at), 0) FROM past WHERE entity = ?1"
        )
        states = try Self.states(connection)
    }

    /// When the state before the current one ended; zero when there was none.
    fileprivate func lastEnd(of key: Int64) throws -> Int64 {
        defer { last.reset() }
        return try last.bind(1, key).step() ? last.int(0) : 0
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
                    entity: try Body.entity(states.bytes(2)),
                    changesFrom: states.int(1),
                    endsAt: states.int(0)
                )
            )
        }
        return found
    }
}
