internal import ContextModel
internal import Storage

/// The progress of a pass of retention.
struct RetentionPosition: Sendable {
    var key: Int64 = 0
    var name: Int64 = -1
    var dataset: Int64 = -1
    var time = Int64.min
    /// The period of thinning of which an instance has been kept.
    var keptPeriod: Int64?
    /// The row of the kept instance: a step that ended within its moment meets it again.
    var keptRow: (time: Int64, sequence: Int64)?

    mutating func enter(name: Int64, dataset: Int64) {
        guard (name, dataset) != (self.name, self.dataset) else { return }
        self = RetentionPosition(key: key, name: name, dataset: dataset)
    }
}

/// How much one step of retention may still look at.
///
/// Instances that stay take as long as those that are removed: each pass reads a thinned history
/// once more.
private struct RetentionBudget {
    private var instances = Limits.retainedPerStep
    private var bytes = Limits.retainedBytes
    /// Lookups of the next series or entity.
    private var seeks = Limits.retainedPerStep

    /// Whether the step must end, so that other writes can run.
    var isSpent: Bool { instances <= 0 || bytes <= 0 || seeks <= 0 }

    mutating func seek() { seeks -= 1 }

    mutating func look(at count: Int, bytes: Int) {
        instances -= count
        self.bytes -= bytes
    }
}

/// Removal of old history, in portions that hardly keep other requests waiting.
extension Writer {
    /// Does one step; returns nil as the position when the pass is over.
    func retain(
        _ rules: [RetentionRule],
        now: Timestamp,
        from start: RetentionPosition
    ) throws -> (removed: Int, next: RetentionPosition?) {
        var position = start
        var removed = 0
        var budget = RetentionBudget()
        let entities = try connection.prepare(
            """
            SELECT key, abs(shape), coalesce(history, key) FROM entity WHERE key >= ?1
            ORDER BY key
            """
        ).bind(1, position.key)
        let numbers = try SeriesNumbers(connection)
        while try entities.step() {
            if entities.int(0) != position.key {
                position = RetentionPosition(key: entities.int(0))
            }
            guard !budget.isSpent else { return (removed, position) }
            budget.seek()
            guard let rule = rule(rules, shape: entities.int(1)) else { continue }
            while true {
                let last = SeriesNumber(name: position.name, dataset: position.dataset - 1)
                budget.seek()
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
                    &budget,
                    &position
                )
                removed += pass.removed
                guard pass.isAtEnd else { return (removed, position) }
                position.enter(name: position.name, dataset: position.dataset + 1)
            }
        }
        return (removed, nil)
    }

    private func rule(_ rules: [RetentionRule], shape: Int64) -> RetentionRule? {
        rules.first(for: vocabulary.current.shapes[shape]?.types.map(vocabulary.current.iri) ?? [])
    }

    /// Continues in the series, as far as the budget allows.
    private func retain(
        _ rule: RetentionRule,
        _ series: HistorySeries,
        before cutoff: Int64,
        _ budget: inout RetentionBudget,
        _ position: inout RetentionPosition
    ) throws -> RetentionWalk {
        var pass = RetentionWalk(rule.effect, position, before: cutoff)
        if position.time < cutoff { try pass.walk(series, &budget, segments.series) }
        for row in pass.rows {
            try transaction.willWrite()
            try history.delete.bind(1, series.entity).bind(2, series.name).bind(3, series.dataset)
                .bind(4, row.time).bind(5, row.sequence).run()
        }
        for (place, rest) in pass.segments { try segments.replace(place, with: rest, series) }
        vocabulary.noteUnused(pass.removed)
        position.time = pass.position.time
        position.keptPeriod = pass.position.keptPeriod
        position.keptRow = pass.position.keptRow
        return pass
    }
}

/// Finds the instances of a series that are to be removed.
private struct RetentionWalk {
    private(set) var position: RetentionPosition
    /// The rows to remove.
    private(set) var rows: [(time: Int64, sequence: Int64)] = []
    /// The segments of which something is to be removed, each with its remaining instances.
    private(set) var segments: [(place: SegmentPlace, rest: [HistorySegment.Instance])] = []
    private(set) var removed = 0
    private(set) var isAtEnd = true
    private let effect: RetentionRule.Effect
    private var pass: RetentionPass
    private let start: Int64
    private let cutoff: Int64

    init(_ effect: RetentionRule.Effect, _ position: RetentionPosition, before cutoff: Int64) {
        self.effect = effect
        pass = RetentionPass(effect, keptPeriod: position.keptPeriod)
        self.position = position
        self.cutoff = cutoff
        start = position.time
    }

    mutating func walk(
        _ series: HistorySeries,
        _ budget: inout RetentionBudget,
        _ statements: SeriesStatements
    ) throws {
        var walk = try SeriesWalk(series, from: start, to: cutoff, with: statements)
        defer { walk.end() }
        while let step = try walk.next() {
            switch step {
            case .row:
                let row = (
                    time: walk.rows.int(SeriesStatements.timeColumn), sequence: walk.rows.int(0)
                )
                if let kept = position.keptRow, kept == row { continue }
                if budget.isSpent {
                    // The moment may have more rows than one step looks at.
                    position.time = row.time
                    return isAtEnd = false
                }
                budget.look(at: 1, bytes: HistoryRow.bytes(walk.rows))
                if keeps(row.time) { position.keptRow = row } else { rows.append(row) }
            case .segment(let place):
                if budget.isSpent { return isAtEnd = false }
                try look(into: place, &budget, statements)
            }
        }
    }

    private mutating func look(
        into place: SegmentPlace,
        _ budget: inout RetentionBudget,
        _ statements: SeriesStatements
    ) throws {
        budget.look(at: place.count, bytes: try statements.byteCount(place))
        if effect == .remove, place.last < cutoff {
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
        position.time = time + 1
        let stays = pass.keeps(time)
        position.keptPeriod = pass.keptPeriod
        if !stays { removed += 1 }
        return stays
    }
}
