internal import ContextModel
internal import Governance
internal import Storage

/// The part of a history to remove: all of an entity's, one attribute's, or one series.
struct HistoryPart {
    /// The number of the entity in the history table.
    var entity: Int64
    var name: Int64?
    var dataset: Int64?

    /// The condition in SQL; it contains numbers of the store alone.
    var condition: String {
        let parts = [name.map { " AND name = \($0)" }, dataset.map { " AND dataset = \($0)" }]
        return "entity = \(entity)" + parts.compactMap(\.self).joined()
    }
}

/// The portion of a part of a history that one transaction removes.
private struct HistoryPortion {
    /// The last of its rows, which are the first rows of the part.
    var last: (place: HistoryPlace, sequence: Int64)?
    var segments: [Int64] = []
    /// The number of its instances.
    var count = 0
    var bytes = 0
    /// Whether it is all of the part.
    var isWhole = true

    var isFull: Bool { count >= Limits.removedPerStep || bytes >= Limits.removedBytes }
}

/// Removal of history, in transactions that do not keep others waiting.
///
/// A whole history of which nothing is hidden from the writer is detached from its entity, whose
/// history then has another number. Its rows are removed in the background, also after the hub was
/// killed in between. Of any other history, the caller removes one portion after the other.
extension Writer {
    func removeHistory(
        _ id: EntityID,
        _ what: HistoryRemoval,
        from position: HistoryRemovalPosition?
    ) throws -> HistoryRemovalStep {
        guard let row = try stored(id) else { return HistoryRemovalStep() }
        var part = HistoryPart(entity: row.history)
        let attribute: IRI
        switch what {
        case .everything: return try removeAll(part, of: row, from: position)
        case .allInstances(let name):
            attribute = name
            part.name = vocabulary.current.numbers[name.text] ?? -1
        case .attribute(let name, let datasetID):
            attribute = name
            part.name = vocabulary.current.numbers[name.text] ?? -1
            part.dataset = datasetID.map { vocabulary.current.numbers[$0] ?? -1 } ?? 0
        case .instance(let name, let instanceID):
            return HistoryRemovalStep(
                hasRemoved: try removeInstance(row, name: name, instanceID: instanceID)
            )
        }
        if let hidden = try hiddenChanges(of: row, attribute) {
            return try removeVisible(part, hiding: hidden, from: position)
        }
        return try remove(try portion(of: part), of: part)
    }

    private func removeAll(
        _ part: HistoryPart,
        of row: StoredEntity,
        from position: HistoryRemovalPosition?
    ) throws -> HistoryRemovalStep {
        var step: HistoryRemovalStep
        if let hidden = try hiddenChanges(of: row) {
            step = try removeVisible(part, hiding: hidden, from: position)
        } else {
            let portion = try portion(of: part)
            guard portion.isWhole else { return try detachHistory(of: row) }
            step = try remove(portion, of: part)
        }
        // What is hidden from the writer stays, with the row of its entity.
        guard step.next == nil, !row.isCurrent, try !hasRows(history: row.history) else {
            return step
        }
        try transaction.willWrite()
        try forget(row)
        step.hasRemoved = true
        return step
    }

    // MARK: Nothing hidden from the writer

    /// The first rows of the part, and then its segments.
    private func portion(of part: HistoryPart) throws -> HistoryPortion {
        var portion = HistoryPortion()
        let rows = try connection.prepare(
            """
            SELECT name, dataset, time, sequence, length(body) FROM history
            WHERE \(part.condition) ORDER BY name, dataset, time, sequence
            """
        )
        while try rows.step() {
            portion.isWhole = !portion.isFull
            guard portion.isWhole else { return portion }
            portion.last = (HistoryPlace(rows, of: part.entity), rows.int(3))
            portion.count += 1
            portion.bytes += Int(rows.int(4))
        }
        let segments = try connection.prepare(
            "SELECT number, count, length(body) FROM segment WHERE \(part.condition)"
        )
        while try segments.step() {
            portion.isWhole = portion.bytes < Limits.removedBytes
            guard portion.isWhole else { return portion }
            portion.segments.append(segments.int(0))
            portion.count += Int(segments.int(1))
            portion.bytes += Int(segments.int(2))
        }
        return portion
    }

    private func remove(
        _ portion: HistoryPortion,
        of part: HistoryPart
    ) throws -> HistoryRemovalStep {
        guard portion.count > 0 else { return HistoryRemovalStep() }
        try transaction.willWrite()
        if let (place, sequence) = portion.last {
            try connection.prepare(
                """
                DELETE FROM history WHERE \(part.condition)
                AND (name, dataset, time, sequence) <= (?1, ?2, ?3, ?4)
                """
            ).bind(1, place.series.name).bind(2, place.series.dataset).bind(3, place.time)
                .bind(4, sequence).run()
        }
        for number in portion.segments { try segments.remove(number) }
        vocabulary.noteUnused(portion.count)
        if portion.isWhole {
            try connection.execute("DELETE FROM instance WHERE \(part.condition)")
        }
        return HistoryRemovalStep(
            hasRemoved: true,
            next: portion.isWhole ? nil : HistoryRemovalPosition()
        )
    }

    // MARK: A long history

    /// Detaches the history from its entity.
    private func detachHistory(of row: StoredEntity) throws -> HistoryRemovalStep {
        let number = try detached.detach(row.history)
        if row.isCurrent {
            try rows.renumberHistory(of: row, as: number)
        } else {
            try forget(row)
        }
        segments.clearCache()
        return HistoryRemovalStep(hasRemoved: true)
    }

    /// Removes a portion of a detached history; false when there is none.
    func removeDetachedHistory() throws -> Bool {
        guard let history = detached.first else { return false }
        let part = HistoryPart(entity: history)
        try transaction.willWrite()
        guard try remove(try portion(of: part), of: part).next == nil else { return true }
        try detached.finish(history)
        return true
    }

    // MARK: A part hidden from the writer

    private func removeVisible(
        _ part: HistoryPart,
        hiding hidden: HiddenChanges,
        from position: HistoryRemovalPosition?
    ) throws -> HistoryRemovalStep {
        try transaction.willWrite()
        let start = position ?? HistoryRemovalPosition()
        return start.isPastSegments
            ? try removeVisibleRows(part, hiding: hidden, from: start)
            : try removeFromSegments(part, hiding: hidden, from: start)
    }

    /// Keeps the hidden instances of some segments and removes the others.
    private func removeFromSegments(
        _ part: HistoryPart,
        hiding hidden: HiddenChanges,
        from start: HistoryRemovalPosition
    ) throws -> HistoryRemovalStep {
        let rows = try connection.prepare(
            """
            SELECT \(SegmentPlace.columns), name, dataset FROM segment
            WHERE \(part.condition) AND (name, dataset, first) > (?1, ?2, ?3)
            ORDER BY name, dataset, first LIMIT ?4
            """
        ).bind(1, start.name).bind(2, start.dataset).bind(3, start.time)
            .bind(4, Int64(Limits.openedPerStep))
        var found: [(place: SegmentPlace, series: HistorySeries)] = []
        while try rows.step() {
            let series = HistorySeries(
                entity: part.entity,
                name: rows.int(4),
                dataset: rows.int(5)
            )
            found.append((SegmentPlace(rows), series))
        }
        var step = HistoryRemovalStep(next: HistoryRemovalPosition())
        for (place, series) in found {
            let all = try segments.series.segment(place).instances()
            let rest = try all.filter { try hidden.contains($0.row.changedAt($0.time)) }
            guard rest.count < all.count else { continue }
            vocabulary.noteUnused(all.count - rest.count)
            try segments.replace(place, with: rest, series)
            step.hasRemoved = true
        }
        guard found.count == Limits.openedPerStep, let (place, series) = found.last else {
            step.next?.isPastSegments = true
            return step
        }
        step.next?.name = series.name
        step.next?.dataset = series.dataset
        step.next?.time = place.last
        return step
    }

    /// Removes those of some rows that are not hidden.
    private func removeVisibleRows(
        _ part: HistoryPart,
        hiding hidden: HiddenChanges,
        from start: HistoryRemovalPosition
    ) throws -> HistoryRemovalStep {
        let rows = try connection.prepare(
            """
            SELECT name, dataset, time, sequence, coalesce(modified, time) FROM history
            WHERE \(part.condition) AND (name, dataset, time, sequence) > (?1, ?2, ?3, ?4)
            ORDER BY name, dataset, time, sequence LIMIT ?5
            """
        ).bind(1, start.name).bind(2, start.dataset).bind(3, start.time).bind(4, start.sequence)
            .bind(5, Int64(Limits.removedPerStep))
        var found: [(place: HistoryPlace, sequence: Int64)] = []
        var (next, count) = (start, 0)
        while try rows.step() {
            count += 1
            (next.name, next.dataset) = (rows.int(0), rows.int(1))
            (next.time, next.sequence) = (rows.int(2), rows.int(3))
            if try hidden.contains(rows.int(4)) { continue }
            found.append((HistoryPlace(rows, of: part.entity), rows.int(3)))
        }
        for (place, sequence) in found {
            try bound(history.delete, place).bind(5, sequence).run()
        }
        vocabulary.noteUnused(found.count)
        let isAtEnd = count < Limits.removedPerStep
        if isAtEnd { try removeIdentifiers(of: part) }
        return HistoryRemovalStep(hasRemoved: !found.isEmpty, next: isAtEnd ? nil : next)
    }

    /// Removes the identifiers of instances that were removed.
    private func removeIdentifiers(of part: HistoryPart) throws {
        let place = "(instance.entity, instance.name, instance.dataset, instance.time"
        try connection.execute(
            """
            DELETE FROM instance WHERE \(part.condition)
            AND NOT EXISTS (SELECT 1 FROM history h
                WHERE (h.entity, h.name, h.dataset, h.time, h.sequence)
                    = \(place), instance.sequence))
            AND NOT EXISTS (SELECT 1 FROM segment s
                WHERE (s.entity, s.name, s.dataset)
                    = (instance.entity, instance.name, instance.dataset)
                AND s.first <= instance.time AND s.last >= instance.time)
            """
        )
    }
}

extension HistoryPlace {
    /// Reads the columns name, dataset and time.
    fileprivate init(_ row: Statement, of entity: Int64) {
        let series = HistorySeries(entity: entity, name: row.int(0), dataset: row.int(1))
        self.init(series: series, time: row.int(2))
    }
}
