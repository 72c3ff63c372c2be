internal import Record
internal import Storage

/// The index by which a person's openings are found, filled in runs.
///
/// Entries come in the order of time, and each is about another person. Put into the index one by one,
/// every opening would cost a page of it, in the log and again in the file. So openings wait in memory until
/// there are many (`WaitingOpenings`), and go into the index in its order, where neighbours share pages. Those
/// that wait are lost with the process, and read again from the openings at the next start.
///
/// Used by the thread of the record's writer alone, in a transaction of its own.
final class OpeningIndex {
    let waiting: WaitingOpenings
    private let addition, bound, left, reads, removal: Statement

    init(_ connection: Connection, waiting: WaitingOpenings) throws {
        self.waiting = waiting
        addition = try connection.prepare(
            "INSERT OR IGNORE INTO opening_of_person (person, key) VALUES (?1, ?2)"
        )
        bound = try connection.prepare("UPDATE indexed_openings SET below = ?1")
        left = try connection.prepare(
            """
            SELECT key, subject, tenant FROM opening
            WHERE key >= (SELECT below FROM indexed_openings) ORDER BY key LIMIT ?1
            """
        )
        reads = try connection.prepare(
            """
            SELECT key FROM opening_of_person JOIN opening USING (key) JOIN entry
                ON entry.number = opening.key >> \(RecordKeys.placeBits)
            WHERE person = ?1 AND subject = ?2 AND tenant = ?3
                AND substr(entry.body, 1, \(EntryKind.read.beginning.count)) = ?4 LIMIT ?5
            """
        )
        removal = try connection.prepare(
            "DELETE FROM opening_of_person WHERE person = ?1 AND key = ?2"
        )
    }

    /// Adds a portion of those that were not yet in the index when the process ended; false when none was left.
    func addLeftOver() throws -> Bool {
        left.bind(1, Int64(waiting.inRun))
        defer { left.reset() }
        var openings: [PersonOpening] = []
        while try left.step() {
            openings.append(
                PersonOpening(of: left.text(1), tenant: left.text(2), key: left.int(0))
            )
        }
        guard let last = openings.last else { return false }
        for opening in openings.sorted() { try add(opening) }
        try bound.bind(1, last.key + 1).run()
        return true
    }

    /// Adds some of those that wait, when so many more will; how many it was.
    ///
    /// Twice as many go as come, so that one run is in the index long before the next one is complete.
    func move(afterAdding count: Int) throws -> Int { try move(2 * count) }

    /// Adds all that wait; how many it was.
    func moveAll() throws -> Int {
        waiting.completeRun()
        return try move(.max)
    }

    private func move(_ count: Int) throws -> Int {
        let (openings, end) = waiting.next(count)
        for opening in openings { try add(opening) }
        if let end { try bound.bind(1, end).run() }
        return openings.count
    }

    private func add(_ opening: PersonOpening) throws {
        try addition.bind(1, opening.person).bind(2, opening.key).run()
    }

    /// The keys of openings that say which reads were about a person, at most so many.
    func reads(of subject: String, tenant: String, atMost count: Int) throws -> [Int64] {
        let person = PersonOpening.person(subject, tenant: tenant)
        reads.bind(1, person).bind(2, subject).bind(3, tenant)
            .bind(4, EntryKind.read.beginning).bind(5, Int64(count))
        defer { reads.reset() }
        var keys: [Int64] = []
        while try reads.step() { keys.append(reads.int(0)) }
        return keys
    }

    func remove(_ opening: PersonOpening) throws {
        try removal.bind(1, opening.person).bind(2, opening.key).run()
    }
}
