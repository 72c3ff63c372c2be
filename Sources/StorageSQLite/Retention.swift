internal import ContextModel
internal import Storage

/// How far a pass of retention has come.
struct RetentionPosition: Sendable {
    var key: Int64 = 0
    var name: Int64 = -1
    var dataset: Int64 = -1
    var time = Int64.min
    /// The period of thinning that has its instance already.
    var keptPeriod: Int64?

    mutating func enter(name: Int64, dataset: Int64) {
        guard (name, dataset) != (self.name, self.dataset) else { return }
        self = RetentionPosition(key: key, name: name, dataset: dataset)
    }
}

/// Removes old history, so many rows a transaction that other requests hardly wait.
extension Writer {
    /// One step; nil in place of a position when the pass is over.
    func retain(
        _ rules: [RetentionRule],
        now: Timestamp,
        from start: RetentionPosition
    ) throws -> (removed: Int, next: RetentionPosition?) {
        var position = start
        var removed = 0
        let entities = try connection.prepare(
            """
            SELECT key, abs(shape), coalesce(history, key) FROM entity WHERE key >= ?1
            ORDER BY key
            """
        ).bind(1, position.key)
        let numbers = try SeriesNumbers(connection)
        var seeks = 0
        while try entities.step() {
            if entities.int(0) != position.key {
                position = RetentionPosition(key: entities.int(0))
            }
            guard let rule = rule(rules, shape: entities.int(1)) else { continue }
            while true {
                let last = SeriesNumber(name: position.name, dataset: position.dataset - 1)
                seeks += 1
                guard let next = try numbers.next(after: last, of: entities.int(2)) else { break }
                position.enter(name: next.name, dataset: next.dataset)
                let pass = try retain(
                    rule,
                    HistorySeries(
                        entity: entities.int(2),
                        name: position.name,
                        dataset: position.dataset
                    ),
                    before: now.microseconds - rule.ageMicroseconds,
                    budget: Limits.retainedPerStep - removed,
                    &position
                )
                removed += pass.removed
                guard pass.isAtEnd, seeks < Limits.retainedPerStep else {
                    return (removed, position)
                }
                position.enter(name: position.name, dataset: position.dataset + 1)
            }
        }
        return (removed, nil)
    }

    private func rule(_ rules: [RetentionRule], shape: Int64) -> RetentionRule? {
        rules.first(for: vocabulary.shapes[shape]?.types.map(vocabulary.iri) ?? [])
    }

    /// Goes on in the series, as far as the budget of instances looked at allows.
    private func retain(
        _ rule: RetentionRule,
        _ series: HistorySeries,
        before cutoff: Int64,
        budget: Int,
        _ position: inout RetentionPosition
    ) throws -> RetentionWalk {
        var pass = RetentionWalk(rule.effect, position, before: cutoff)
        if position.time < cutoff {
            try pass.walk(series, budget: max(budget, 1), segments.series)
        }
        for row in pass.rows {
            try willWrite()
            try history.delete.bind(1, series.entity).bind(2, series.name).bind(3, series.dataset)
                .bind(4, row.time).bind(5, row.sequence).run()
        }
        for (place, rest) in pass.segments { try replaceSegment(place, with: rest, series) }
        possiblyUnused += pass.removed
        position.time = pass.position.time
        position.keptPeriod = pass.position.keptPeriod
        return pass
    }
}

/// Finds the instances of a series that go.
private struct RetentionWalk {
    private(set) var position: RetentionPosition
    /// Rows that go.
    private(set) var rows: [(time: Int64, sequence: Int64)] = []
    /// Segments of which something goes, and what stays of each.
    private(set) var segments: [(place: SegmentPlace, rest: [HistorySegment.Instance])] = []
    private(set) var removed = 0
    private(set) var isAtEnd = true
    private let effect: RetentionRule.Effect
    private var pass: RetentionPass
    private let start: Int64
    private let cutoff: Int64
    private var seen = 0

    init(_ effect: RetentionRule.Effect, _ position: RetentionPosition, before cutoff: Int64) {
        self.effect = effect
        pass = RetentionPass(effect, keptPeriod: position.keptPeriod)
        self.position = position
        self.cutoff = cutoff
        start = position.time
    }

    mutating func walk(
        _ series: HistorySeries,
        budget: Int,
        _ statements: SeriesStatements
    ) throws {
        var walk = try SeriesWalk(series, from: start, to: cutoff, with: statements)
        defer { walk.end() }
        while let step = try walk.next() {
            switch step {
            case .row:
                let time = walk.rows.int(SeriesStatements.timeColumn)
                // Instances of one moment are looked at in one step.
                if seen >= budget, time >= position.time { return isAtEnd = false }
                if !keeps(time) { rows.append((time, walk.rows.int(0))) }
            case .segment(let place):
                if seen >= budget { return isAtEnd = false }
                try look(into: place, statements)
            }
        }
    }

    private mutating func look(into place: SegmentPlace, _ statements: SeriesStatements) throws {
        if effect == .remove, place.last < cutoff {
            seen += place.count
            removed += place.count
            position.time = place.last + 1
            return segments.append((place, []))
        }
        let all = try statements.segment(place).instances()
        var rest: [HistorySegment.Instance] = []
        for instance in all
        where instance.time < start || instance.time >= cutoff || keeps(instance.time) {
            rest.append(instance)
        }
        if rest.count < all.count { segments.append((place, rest)) }
    }

    private mutating func keeps(_ time: Int64) -> Bool {
        seen += 1
        position.time = time + 1
        let stays = pass.keeps(time)
        position.keptPeriod = pass.keptPeriod
        if !stays { removed += 1 }
        return stays
    }
}
