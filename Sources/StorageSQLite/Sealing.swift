internal import ContextModel
internal import Governance
internal import Storage

/// Sealing: turning rows of history into segments, and back when something in them changes.
///
/// A series is sealed after a reader has met many rows of it; its newest rows stay rows. A change
/// of an old instance opens its segment first, so that only rows are ever changed.
final class SegmentWriter {
    let limits: SealingLimits
    let series: SeriesStatements
    /// Whether the tenant may have segments.
    private var mayExist: Bool
    /// The segment that was read last: repeated imports come in the order of time.
    private var recent: (number: Int64, instances: [HistorySegment.Instance])?

    private let transaction: WriteTransaction
    private let vocabulary: VocabularyWriter
    private let history: HistoryStatements
    private let statements: SegmentStatements

    init(
        _ connection: Connection,
        _ transaction: WriteTransaction,
        _ vocabulary: VocabularyWriter,
        _ history: HistoryStatements,
        limits: SealingLimits
    ) throws {
        self.transaction = transaction
        self.vocabulary = vocabulary
        self.history = history
        self.limits = limits
        series = try SeriesStatements(connection)
        statements = try SegmentStatements(connection)
        mayExist = try connection.number("SELECT EXISTS (SELECT 1 FROM segment)") != 0
    }

    /// Forgets the segment that was read last.
    func clearCache() { recent = nil }

    /// Seals the oldest rows of a series that are not sealed yet; false when there are none, or
    /// too few.
    func seal(_ series: HistorySeries, grant: InternalGrant) throws -> Bool {
        var sealed = 0
        while sealed < Limits.sealedPerStep {
            guard let rows = try sealableRows(of: series), let first = rows.first,
                let last = rows.last
            else { return false }
            try transaction.willWrite()
            try statements.deleteRows.bind(1, series.entity).bind(2, series.name)
                .bind(3, series.dataset).bind(4, first.time).bind(5, last.time).run()
            try insertSegment(of: rows, series)
            sealed += rows.count
        }
        return true
    }

    /// The rows before the next segment; after the last segment, only those that are old enough.
    private func sealableRows(of series: HistorySeries) throws -> [HistorySegment.Instance]? {
        var walk = try SeriesWalk(series, from: .min, to: .max, with: self.series)
        defer { walk.end() }
        var rows: [HistorySegment.Instance] = []
        var bytes = 0
        var isBeforeSegment = false
        var isFull: Bool { rows.count >= limits.segment || bytes >= Limits.sealedBytes }
        walk: while let step = try walk.next() {
            switch step {
            case .segment where rows.isEmpty: continue
            case .segment:
                isBeforeSegment = true
                break walk
            case .row:
                let time = walk.rows.int(SeriesStatements.timeColumn)
                // Instances of one moment stay together.
                if isFull, time != rows.last?.time { break walk }
                guard rows.count < limits.segment + Limits.sealedAtMoment,
                    bytes < Limits.sealedBytesAtMoment
                else { return nil }
                rows.append(
                    HistorySegment.Instance(
                        time: time,
                        sequence: walk.rows.int(0),
                        row: HistoryRow(walk.rows)
                    )
                )
                bytes += rows.last?.row.bytes ?? 0
            }
        }
        if isBeforeSegment { return rows }
        guard isFull else { return nil }
        return try hasEnoughRows(series, after: rows.last?.time ?? 0) ? rows : nil
    }

    /// Whether enough rows are newer than the moment, so that they stay rows.
    private func hasEnoughRows(_ series: HistorySeries, after moment: Int64) throws -> Bool {
        let count = statements.countRows.bind(1, series.entity).bind(2, series.name)
            .bind(3, series.dataset).bind(4, moment).bind(5, Int64(limits.newestRows))
        defer { count.reset() }
        return try count.step() && count.int(0) >= Int64(limits.newestRows)
    }

    private func insertSegment(
        of instances: [HistorySegment.Instance],
        _ series: HistorySeries
    ) throws {
        guard let first = instances.first, let last = instances.last else { return }
        try transaction.willWrite()
        try statements.insert.bind(1, series.entity).bind(2, series.name).bind(3, series.dataset)
            .bind(4, first.time).bind(5, last.time).bind(6, Int64(instances.count))
            .bind(7, HistorySegment.encode(instances)).run()
        mayExist = true
        vocabulary.noteMove(of: instances)
    }

    // MARK: Opening

    /// Whether an entity has any segment.
    func exist(for entity: Int64) throws -> Bool {
        guard mayExist else { return false }
        defer { statements.any.reset() }
        return try statements.any.bind(1, entity).step()
    }

    /// The segment whose range of time contains the place.
    func segment(around place: HistoryPlace) throws -> SegmentPlace? {
        try series.places(of: place.series, from: place.time, to: place.time + 1).first
    }

    /// Turns the segment around the place, if there is one, back into rows.
    func open(around place: HistoryPlace) throws {
        guard mayExist, let found = try segment(around: place) else { return }
        let instances = try series.segment(found).instances()
        try remove(found.number)
        for instance in instances { try insert(instance, place.series) }
    }

    func remove(_ number: Int64) throws {
        try transaction.willWrite()
        try statements.delete.bind(1, number).run()
        recent = nil
    }

    /// Replaces a segment by the remaining instances, as rows where the segment would be too
    /// small.
    func replace(
        _ place: SegmentPlace,
        with rest: [HistorySegment.Instance],
        _ series: HistorySeries
    ) throws {
        try remove(place.number)
        if rest.count >= limits.smallestSegment {
            try insertSegment(of: rest, series)
        } else {
            for instance in rest { try insert(instance, series) }
        }
    }

    private func insert(_ instance: HistorySegment.Instance, _ series: HistorySeries) throws {
        let place = HistoryPlace(series: series, time: instance.time)
        try history.insert(instance.row, at: place, sequence: instance.sequence)
        vocabulary.noteMove(of: CollectionOfOne(instance))
    }

    /// Whether the segment has an equal instance that is not hidden.
    func holds(
        _ found: SegmentPlace,
        _ instance: Attribute,
        at place: HistoryPlace,
        hiding hidden: HiddenChanges?
    ) throws -> Bool {
        let instances: [HistorySegment.Instance]
        if let recent, recent.number == found.number {
            instances = recent.instances
        } else {
            instances = try series.segment(found).instances()
            recent = (found.number, instances)
        }
        let content = instance.content
        let others = instances.lazy.filter { $0.time == place.time }
        return try others.suffix(EvolutionLimits.comparedAtMoment).contains {
            try $0.row.attribute(vocabulary.current, at: place.time).content == content
                && !(hidden?.contains($0.row.changedAt(place.time)) ?? false)
        }
    }
}

/// The statements that seal and open segments.
private struct SegmentStatements {
    let any, insert, delete, deleteRows, countRows: Statement

    init(_ connection: Connection) throws {
        let place = "entity = ?1 AND name = ?2 AND dataset = ?3"
        any = try connection.prepare("SELECT 1 FROM segment WHERE entity = ?1 LIMIT 1")
        insert = try connection.prepare(
            """
            INSERT INTO segment (entity, name, dataset, first, last, count, body)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            """
        )
        delete = try connection.prepare("DELETE FROM segment WHERE number = ?1")
        deleteRows = try connection.prepare(
            "DELETE FROM history WHERE \(place) AND time >= ?4 AND time <= ?5"
        )
        countRows = try connection.prepare(
            """
            SELECT count(*) FROM (
                SELECT 1 FROM history WHERE \(place) AND time > ?4 LIMIT ?5)
            """
        )
    }
}
