internal import Record
internal import Storage

/// Reads `record.sqlite`, for one thread at a time.
///
/// Never changes what it reads; a Mutex of the store keeps its statements to one thread.
final class RecordReader: @unchecked Sendable {
    private let tile, entry, commitments, opening, openingsOfEntry, keysOfPerson: Statement

    convenience init(path: String) throws {
        let connection = try Connection(path: path, access: .readOnly)
        try connection.execute(
            "PRAGMA query_only = 1; PRAGMA cache_size = -\(Limits.readerCacheKibibytes)"
        )
        try self.init(connection)
    }

    init(_ connection: Connection) throws {
        tile = try connection.prepare("SELECT hashes FROM tile WHERE key = ?1")
        entry = try connection.prepare(
            "SELECT body FROM entry WHERE number >= ?1 AND number < ?2 ORDER BY number"
        )
        commitments = try connection.prepare("SELECT hashes FROM commitments WHERE entry = ?1")
        keysOfPerson = try connection.prepare(
            """
            SELECT key FROM opening_of_person
            WHERE person = ?1 AND key >= ?2 AND key < ?3 ORDER BY key DESC
            """
        )
        opening = try connection.prepare(
            "SELECT key, salt, body FROM opening WHERE key = ?1 AND subject = ?2 AND tenant = ?3"
        )
        openingsOfEntry = try connection.prepare(
            "SELECT key, salt, body FROM opening WHERE key >= ?1 AND key < ?2 ORDER BY key"
        )
    }

    /// The hashes of a tile; those of the last entries, which fill none, are made of the entries.
    func hashes(level: Int, index: Int) throws -> [TreeHash] {
        let key = RecordKeys.tile(level: level, index: index)
        if let hashes = try hashes(tile, of: key) { return hashes }
        guard level == 0 else { return [] }
        let first = index * Tile.fullWidth
        let entries = try entries(first..<first + Tile.fullWidth)
        guard entries.count == Tile.fullWidth else { return entries.map(TreeHash.leaf) }
        // It was filled between the two statements.
        return try hashes(tile, of: key) ?? []
    }

    func commitments(of entry: Int) throws -> [TreeHash] {
        if let hashes = try hashes(commitments, of: Int64(entry)) { return hashes }
        guard let bytes = try entries(entry..<entry + 1).first,
            let people = try? RecordEntry(bytes).people, people.count == 1
        else { return [] }
        return [people.root]
    }

    private func hashes(_ statement: Statement, of key: Int64) throws -> [TreeHash]? {
        defer { statement.reset() }
        guard try statement.bind(1, key).step() else { return nil }
        guard let hashes = TreeHash.hashes(in: statement.bytes(0)) else {
            throw StorageError(.damaged, note: "hashes of the record are cut off")
        }
        return hashes
    }

    func entries(_ numbers: Range<Int>) throws -> [[UInt8]] {
        defer { entry.reset() }
        entry.bind(1, Int64(numbers.lowerBound)).bind(2, Int64(numbers.upperBound))
        var entries: [[UInt8]] = []
        while try entry.step() { entries.append(Array(entry.bytes(0))) }
        return entries
    }

    /// What entries say of a person, the newest entry first.
    ///
    /// `waiting` finds those that are not in the index yet. It is asked first: what it has left by then is in
    /// the index.
    func openings(
        _ query: OpeningQuery,
        _ waiting: WaitingOpenings
    ) throws -> [KeptOpening] {
        let tenant = query.tenant ?? ""
        let range = RecordKeys.openings(query.entries)
        let person = PersonOpening.person(query.subject, tenant: tenant)
        var newest = waiting.keys(of: person)
            .filter { range.lowerBound <= $0 && $0 < range.upperBound }.sorted()
        keysOfPerson.bind(1, person).bind(2, range.lowerBound).bind(3, range.upperBound)
        defer { keysOfPerson.reset() }
        var found: [KeptOpening] = []
        var indexed = try nextKey()
        while found.count < query.limit, let key = max(newest.last, indexed) {
            if newest.last == key { newest.removeLast() }
            if indexed == key { indexed = try nextKey() }
            opening.bind(1, key).bind(2, query.subject).bind(3, tenant)
            found += try openings(opening)
        }
        return found
    }

    private func nextKey() throws -> Int64? {
        try keysOfPerson.step() ? keysOfPerson.int(0) : nil
    }

    private func max(_ a: Int64?, _ b: Int64?) -> Int64? {
        guard let a, let b else { return a ?? b }
        return Swift.max(a, b)
    }

    func openings(of entry: Int) throws -> [KeptOpening] {
        let keys = RecordKeys.openings(entry..<entry + 1)
        openingsOfEntry.bind(1, keys.lowerBound).bind(2, keys.upperBound)
        return try openings(openingsOfEntry)
    }

    private func openings(_ rows: Statement) throws -> [KeptOpening] {
        defer { rows.reset() }
        var openings: [KeptOpening] = []
        while try rows.step() {
            let (entry, place) = RecordKeys.entryAndPlace(rows.int(0))
            guard let salt = Salt(Array(rows.bytes(1))) else {
                throw StorageError(.damaged, note: "a salt of entry \(entry) is cut off")
            }
            let bytes = Array(rows.bytes(2))
            openings.append(KeptOpening(entry: entry, place: place, salt: salt, bytes: bytes))
        }
        return openings
    }
}
