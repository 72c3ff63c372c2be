internal import ContextModel
internal import Storage

/// How far a scan of a sweep has come, and what of its candidates it has not seen in use.
///
/// A scan reads a portion of the file at a time, each in a snapshot of its own. What is written
/// between two portions the writer tells the sweep.
struct SweepScan: Sendable {
    /// Numbers of names, or of forms, that may be out of use.
    var candidates: Set<Int64>
    /// The next portion begins after the entity of this key.
    var key = Int64.min
    var isAtEnd = false

    init(_ candidates: Set<Int64>) {
        self.candidates = candidates
        isAtEnd = candidates.isEmpty
    }
}

/// Rows that stand for histories of which nothing is left, as far as a scan has found them.
struct EmptyHistories: Sendable {
    var ids: [EntityID] = []
    /// The next portion begins after this row, by shape and key.
    var shape = Int64.min
    var key = Int64.min
    var isAtEnd = false
}

extension Vocabulary {
    /// Names that no shape has: perhaps some history does.
    var namesOutsideShapes: Set<Int64> {
        var rest = Set(names.keys)
        for shape in shapes.values {
            rest.subtract(shape.types)
            for member in shape.members { rest.remove(member.name) }
        }
        return rest
    }

    /// Forms of a `datasetId` that is no name any more, for no series has it; and all other ones.
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

/// What a sweep looks for beside the writing.
extension Reader {
    /// The next rows, of those without current state, whose history is empty.
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
            // Another shape counts, too.
            rest -= max(seen, 1)
        }
        return found
    }

    /// How many rows there were.
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

    /// Takes the names from the candidates that the history of some more entities uses.
    func findUsedNames(_ scan: SweepScan) throws -> SweepScan {
        let numbers = try SeriesNumbers(connection)
        return try eachHistory(scan) { history, candidates in
            for number in try numbers.all(of: history) {
                candidates.remove(number.name)
                candidates.remove(number.dataset)
            }
        }
    }

    /// Takes the forms from the candidates that the history of some more entities uses.
    func findUsedForms(_ scan: SweepScan) throws -> SweepScan {
        let rows = try connection.prepare("SELECT form FROM history WHERE entity = ?1")
        let segments = try connection.prepare("SELECT body FROM segment WHERE entity = ?1")
        return try eachHistory(scan) { history, candidates in
            rows.bind(1, history)
            segments.bind(1, history)
            defer {
                rows.reset()
                segments.reset()
            }
            while try rows.step() { candidates.remove(rows.int(0)) }
            while try segments.step() {
                for run in try HistorySegment(segments.bytes(0)).forms() {
                    if let form = run.form { candidates.remove(form) }
                }
            }
        }
    }

    /// Shows the body the histories of the next portion of entities, until nothing is left to find.
    private func eachHistory(
        _ scan: SweepScan,
        _ body: (_ history: Int64, _ candidates: inout Set<Int64>) throws -> Void
    ) throws -> SweepScan {
        var scan = scan
        let rows = try connection.prepare(
            "SELECT key, coalesce(history, key) FROM entity WHERE key > ?1 ORDER BY key LIMIT ?2"
        ).bind(1, scan.key).bind(2, Int64(Limits.scannedPerPortion))
        var count = 0
        while !scan.candidates.isEmpty, try rows.step() {
            scan.key = rows.int(0)
            count += 1
            try body(rows.int(1), &scan.candidates)
        }
        scan.isAtEnd = scan.candidates.isEmpty || count < Limits.scannedPerPortion
        return scan
    }
}
