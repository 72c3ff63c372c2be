internal import ContextModel
internal import Storage

/// How far a pass of retention has come.
struct RetentionPosition: Sendable {
    var key: Int64 = 0
    var name: Int64 = -1
    var dataset: Int64 = -1
    var time = Int64.min
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
        let series = try connection.prepare(
            """
            SELECT name, dataset FROM history WHERE entity = ?1 AND (name, dataset) >= (?2, ?3)
            ORDER BY name, dataset LIMIT 1
            """
        )
        var seeks = 0
        while try entities.step() {
            if entities.int(0) != position.key {
                position = RetentionPosition(key: entities.int(0))
            }
            guard let rule = rule(rules, shape: entities.int(1)) else { continue }
            while true {
                series.reset()
                series.bind(1, entities.int(2)).bind(2, position.name).bind(3, position.dataset)
                seeks += 1
                guard try series.step() else { break }
                if (series.int(0), series.int(1)) != (position.name, position.dataset) {
                    position.name = series.int(0)
                    position.dataset = series.int(1)
                    position.time = .min
                }
                let budget = Limits.retainedPerStep - removed
                let isDone = try apply(
                    rule,
                    entity: entities.int(2),
                    now: now,
                    budget: budget,
                    &position,
                    &removed
                )
                guard isDone, seeks < Limits.retainedPerStep else { return (removed, position) }
                position.dataset += 1
                position.time = .min
            }
        }
        return (removed, nil)
    }

    private func rule(_ rules: [RetentionRule], shape: Int64) -> RetentionRule? {
        let types = vocabulary.shapes[shape]?.types.map(vocabulary.iri) ?? []
        return rules.first { $0.type.map(types.contains) ?? false }
            ?? rules.first { $0.type == nil }
    }

    /// Goes on in the series; false when the budget ran out before its end.
    private func apply(
        _ rule: RetentionRule,
        entity: Int64,
        now: Timestamp,
        budget: Int,
        _ position: inout RetentionPosition,
        _ removed: inout Int
    ) throws -> Bool {
        let rows = try connection.prepare(
            """
            SELECT time, sequence FROM history
            WHERE entity = ?1 AND name = ?2 AND dataset = ?3 AND time >= ?4 AND time < ?5
            ORDER BY time, sequence LIMIT ?6
            """
        ).bind(1, entity).bind(2, position.name).bind(3, position.dataset)
            .bind(4, position.time).bind(5, now.microseconds - rule.ageMicroseconds)
            .bind(6, Int64(max(budget, 1)))
        var old: [(time: Int64, sequence: Int64)] = []
        while try rows.step() { old.append((rows.int(0), rows.int(1))) }
        var keptPeriod: Int64?
        for instance in old {
            if case .thin(let length) = rule.effect {
                let period = instance.time / length - (instance.time % length < 0 ? 1 : 0)
                if period != keptPeriod {
                    keptPeriod = period
                    continue
                }
            }
            try willWrite()
            try history.delete.bind(1, entity).bind(2, position.name).bind(3, position.dataset)
                .bind(4, instance.time).bind(5, instance.sequence).run()
            removed += 1
        }
        guard let last = old.last, old.count >= max(budget, 1) else { return true }
        if case .thin(let length) = rule.effect {
            // The kept instance of the last period is met again, and kept again.
            let start = last.time - ((last.time % length) + length) % length
            position.time = start > position.time ? start : last.time
        } else {
            position.time = last.time
        }
        return false
    }
}
