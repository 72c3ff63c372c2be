internal import ContextModel
internal import Storage
internal import Synchronization

/// A sweep of the vocabulary, which removes names, shapes and forms that nothing uses any more.
///
/// It scans while others write, and then removes some entries in each of many transactions.
/// Entries that a writer uses, or moves between rows and segments, meanwhile stay. The writer
/// refers to the sweep weakly.
///
/// `@unchecked Sendable`: its notes are used on the committer's thread alone.
final class VocabularySweep: @unchecked Sendable {
    private var names: Set<Int64> = []
    private var forms: Set<Int64> = []
    /// The possible number of unused entries when it began.
    var unusedBefore = 0

    func use(name: Int64) { names.insert(name) }
    func use(form: Int64) { forms.insert(form) }

    func hasSeen(name: Int64) -> Bool { names.contains(name) }
    func hasSeen(form: Int64) -> Bool { forms.contains(form) }
}

/// The steps of a sweep on the writing thread.
///
/// Each step is complete: what it removes is unused in the state that it sees, even if the sweep
/// is stopped. The newest name, shape and form stay, so that SQLite never gives a number twice.
extension Writer {
    /// Removes the rows of entities of whose history nothing is left.
    func removeEmptyHistories(_ ids: ArraySlice<EntityID>) throws {
        for id in ids {
            guard let row = try stored(id), !row.isCurrent, try !hasRows(history: row.history)
            else { continue }
            try transaction.willWrite()
            try forget(row)
        }
    }

    func removeShapes(_ numbers: ArraySlice<Int64>) throws {
        let use = try ShapeUse(connection)
        let newest = try connection.number("SELECT max(number) FROM shape")
        let delete = try connection.prepare("DELETE FROM shape WHERE number = ?1")
        for number in numbers where number != newest {
            guard let shape = vocabulary.current.shapes[number], try !use.isUsed(number) else {
                continue
            }
            try vocabulary.remove(.shape(shape), number: number, delete)
        }
    }

    func removeNames(_ numbers: ArraySlice<Int64>, of sweep: VocabularySweep) throws {
        guard vocabulary.isTold(sweep) else { return }
        var kept = try namesOfIndexes()
        kept.insert(try connection.number("SELECT max(number) FROM name"))
        let delete = try connection.prepare("DELETE FROM name WHERE number = ?1")
        for number in numbers where !sweep.hasSeen(name: number) && !kept.contains(number) {
            guard let name = vocabulary.current.names[number] else { continue }
            try vocabulary.remove(.name(name), number: number, delete)
        }
    }

    func removeForms(_ numbers: ArraySlice<Int64>, of sweep: VocabularySweep) throws {
        guard vocabulary.isTold(sweep) else { return }
        let newest = try connection.number("SELECT max(number) FROM form")
        let read = try connection.prepare("SELECT body FROM form WHERE number = ?1")
        let delete = try connection.prepare("DELETE FROM form WHERE number = ?1")
        for number in numbers where !sweep.hasSeen(form: number) && number != newest {
            defer { read.reset() }
            guard let form = vocabulary.current.forms[number], try read.bind(1, number).step()
            else {
                continue
            }
            try vocabulary.remove(.form([UInt8](read.bytes(0)), form), number: number, delete)
        }
    }

    /// The attributes with a value index, or with one whose entries are still being removed.
    private func namesOfIndexes() throws -> Set<Int64> {
        let rows = try connection.prepare("SELECT name FROM indexed_attribute")
        var names: Set<Int64> = []
        while try rows.step() { names.insert(rows.int(0)) }
        return names
    }
}

/// Tells whether any entity has, or had, a shape.
struct ShapeUse {
    private let use: Statement

    init(_ connection: Connection) throws {
        use = try connection.prepare(
            """
            SELECT EXISTS (SELECT 1 FROM entity WHERE shape = ?1)
                OR EXISTS (SELECT 1 FROM entity WHERE shape = -?1)
                OR EXISTS (SELECT 1 FROM past WHERE shape = ?1)
            """
        )
    }

    func isUsed(_ number: Int64) throws -> Bool {
        defer { use.reset() }
        return try use.bind(1, number).step() && use.int(0) != 0
    }
}
