internal import ContextModel
internal import Storage

/// The progress of a scan of all histories for names in use, with the candidates that were not
/// found yet.
///
/// Each portion is read in its own snapshot, in the order of the numbers of histories: a history
/// keeps its number when the row of its entity gets another key. The writer tells the sweep what
/// is written between two portions.
struct NameScan: Sendable {
    /// The numbers of names that may be unused.
    var candidates: Set<Int64>
    /// The next portion begins after this series.
    var last = HistorySeries(entity: .min, name: .min, dataset: .min)
    var isAtEnd: Bool

    init(_ candidates: Set<Int64>) {
        self.candidates = candidates
        isAtEnd = candidates.isEmpty
    }
}

/// The progress of a scan of all histories for forms in use: first the rows, then the segments.
///
/// The writer also tells the sweep what is sealed or opened between two portions.
struct FormScan: Sendable {
    /// The numbers of forms that may be unused.
    var candidates: Set<Int64>
    /// The next portion begins after this row.
    var place = HistoryPlace(
        series: HistorySeries(entity: .min, name: .min, dataset: .min),
        time: .min
    )
    var sequence = Int64.min
    var hasReadRows = false
    /// The next portion begins after this segment.
    var segment = Int64.min
    var isAtEnd: Bool

    init(_ candidates: Set<Int64>) {
        self.candidates = candidates
        isAtEnd = candidates.isEmpty
    }
}

/// The rows of entities of whose history nothing is left, as far as the scan has found them.
struct EmptyHistories: Sendable {
    var ids: [EntityID] = []
    /// The next portion begins after this row, by shape and key.
    var shape = Int64.min
    var key = Int64.min
    var isAtEnd = false
}

extension Vocabulary {
    /// The names that no shape has; some history may have them.
    var namesOutsideShapes: Set<Int64> {
        var rest = Set(names.keys)
        for shape in shapes.values {
            rest.subtract(shape.types)
            for member in shape.members { rest.remove(member.name) }
        }
        return rest
    }

    /// The forms whose `datasetId` is no name any more, so that no series has it, and all other
    /// forms.
    var formsByUse: (unused: [Int64], others: Set<Int64>) {
        var forms: (unused: [Int64], others: Set<Int64>) = ([], [])
        for (number, form) in self.forms {
            if let dataset = form.datasetID, numbers[dataset] == nil {
                forms.unused.append(number)
            } else {
                forms.others.insert(number)
            }
        }
        return forms
    }
}

/// The scans of a sweep, which run while others write.
extension Reader {
    /// The next rows without current state whose history is empty.
    func findEmptyHistories(after last: EmptyHistories) throws -> EmptyHistories {
        let ofShape = try connection.prepare(
            """
            SELECT key, coalesce(history, key), id FROM entity INDEXED BY entity_shape
            WHERE shape = ?1 AND key > ?2 ORDER BY key LIMIT ?3
            """
        )
        let nextShape = try connection.prepare(
            "SELECT min(shape) FROM entity WHERE shape > ?1 AND shape < 0"
        )
        var found = EmptyHistories(shape: last.shape, key: last.key)
        var rest = Limits.scannedPerPortion
        while rest > 0, !found.isAtEnd {
            let seen = try addEmptyHistories(ofShape.bind(3, Int64(rest)), to: &found)
            defer { nextShape.reset() }
            if seen < rest {
                _ = try nextShape.bind(1, found.shape).step()
                (found.shape, found.key) = (nextShape.int(0), .min)
                found.isAtEnd = nextShape.isNull(0)
            }
            // Another shape counts as one row at least.
            rest -= max(seen, 1)
        }
        return found
    }

    /// Adds the rows; returns their number.
    private func addEmptyHistories(
        _ rows: Statement,
        to found: inout EmptyHistories
    ) throws -> Int {
        let any = try HistoryStatements.any(connection)
        var count = 0
        rows.bind(1, found.shape).bind(2, found.key)
        defer { rows.reset() }
        while try rows.step() {
            defer { any.reset() }
            found.key = rows.int(0)
            count += 1
            if try any.bind(1, rows.int(1)).step(), any.int(0) == 0 {
                found.ids.append(EntityID(rows.text(2)))
            }
        }
        return count
    }

    /// Those of the shapes that no entity has or had.
    func unusedShapes(among numbers: ArraySlice<Int64>) throws -> [Int64] {
        let use = try ShapeUse(connection)
        return try numbers.filter { try !use.isUsed($0) }
    }

    /// Removes from the candidates the names that the next series of the histories use.
    func findUsedNames(_ scan: NameScan) throws -> NameScan {
        let all = try AllSeries(connection)
        var scan = scan
        for _ in 0..<Limits.scannedSeries {
            guard !scan.candidates.isEmpty, let next = try all.next(after: scan.last) else {
                scan.isAtEnd = true
                break
            }
            scan.candidates.remove(next.name)
            scan.candidates.remove(next.dataset)
            scan.last = next
        }
        return scan
    }

    /// Removes from the candidates the forms that the next rows or segments of the histories use.
    func findUsedForms(_ scan: FormScan) throws -> FormScan {
        var scan = scan
        if scan.hasReadRows {
            try findFormsOfSegments(&scan)
        } else {
            try findFormsOfRows(&scan)
        }
        scan.isAtEnd = scan.isAtEnd || scan.candidates.isEmpty
        return scan
    }

    private func findFormsOfRows(_ scan: inout FormScan) throws {
        let series = scan.place.series
        let rows = try connection.prepare(
            """
            SELECT entity, name, dataset, time, sequence, form FROM history
            WHERE (entity, name, dataset, time, sequence) > (?1, ?2, ?3, ?4, ?5)
            ORDER BY entity, name, dataset, time, sequence LIMIT ?6
            """
        ).bind(1, series.entity).bind(2, series.name).bind(3, series.dataset)
            .bind(4, scan.place.time).bind(5, scan.sequence).bind(6, Int64(Limits.scannedRows))
        var count = 0
        while try rows.step() {
            count += 1
            if let form = rows.optionalInt(5) { scan.candidates.remove(form) }
            guard count == Limits.scannedRows else { continue }
            let last = HistorySeries(entity: rows.int(0), name: rows.int(1), dataset: rows.int(2))
            scan.place = HistoryPlace(series: last, time: rows.int(3))
            scan.sequence = rows.int(4)
        }
        scan.hasReadRows = count < Limits.scannedRows
    }

    private func findFormsOfSegments(_ scan: inout FormScan) throws {
        let rows = try connection.prepare(
            "SELECT number, body FROM segment WHERE number > ?1 ORDER BY number"
        ).bind(1, scan.segment)
        var bytes = 0
        while bytes < Limits.scannedBytes {
            guard try rows.step() else { return scan.isAtEnd = true }
            scan.segment = rows.int(0)
            let body = rows.bytes(1)
            bytes += body.count
            for run in try HistorySegment(body).forms() {
                if let form = run.form { scan.candidates.remove(form) }
            }
        }
    }
}

/// Finds the series of all histories in rows and segments, each by one seek.
private struct AllSeries {
    private let statements: [Statement]

    init(_ connection: Connection) throws {
        statements = try ["history", "segment"].map { table in
            try connection.prepare(
                """
                SELECT entity, name, dataset FROM \(table)
                WHERE (entity, name, dataset) > (?1, ?2, ?3)
                ORDER BY entity, name, dataset LIMIT 1
                """
            )
        }
    }

    /// The first series after `last`; nil when there is none.
    func next(after last: HistorySeries) throws -> HistorySeries? {
        let nexts = try statements.compactMap { statement -> HistorySeries? in
            statement.bind(1, last.entity).bind(2, last.name).bind(3, last.dataset)
            defer { statement.reset() }
            guard try statement.step() else { return nil }
            return HistorySeries(
                entity: statement.int(0),
                name: statement.int(1),
                dataset: statement.int(2)
            )
        }
        return nexts.min { ($0.entity, $0.name, $0.dataset) < ($1.entity, $1.name, $1.dataset) }
    }
}
