internal import ContextModel
internal import Governance
internal import Storage
internal import Synchronization

/// A portion of a value index that is being filled.
///
/// Value indexes are created only for attributes that queries ask for. An index is registered,
/// filled in portions, and from then on kept by every write. It is removed when another index is
/// needed more and no place is left.
///
/// A portion is read while others write, sorted, and added in the order of values, so that
/// neighbouring pages are written together. Entities that changed meanwhile are read again.
struct IndexPortion: Sendable {
    struct Entry: Sendable {
        var value: Scalar
        var key: Int64
    }
    let filling: IndexFilling
    let name: Int64
    /// The portion begins after this key.
    let start: Int64
    /// The last key of the portion, and whether it is the last portion.
    var end: Int64
    var isLast = false
    var entries: [Entry] = []
    /// Entities with an entry for "any value".
    var crowded: [Int64] = []
}

/// A filling of indexes in progress, with the entities whose entries have changed while a portion
/// is read.
///
/// The writer refers to it weakly: when the filling ends in any way, nothing is noted any more.
///
/// `@unchecked Sendable`: its notes are used on the committer's thread alone.
final class IndexFilling: @unchecked Sendable {
    var changed: Set<Int64> = []
}

/// The indexes of entities, as the writer keeps them, and the attributes that have a value index.
final class IndexWriter {
    /// A weak reference to a filling.
    private struct WeakFilling {
        weak var filling: IndexFilling?
    }

    /// The attributes that have a value index, complete or not.
    private(set) var indexed: Set<Int64> = []
    /// Who asked for them; readers note it on any thread.
    let places: Mutex<IndexPlaces>
    /// The fillings in progress.
    private var fillings: [WeakFilling] = []

    let statements: IndexStatements
    let vocabulary: VocabularyWriter
    private let connection: Connection
    private let transaction: WriteTransaction

    init(
        _ connection: Connection,
        _ transaction: WriteTransaction,
        _ vocabulary: VocabularyWriter,
        now: Timestamp
    ) throws {
        self.connection = connection
        self.transaction = transaction
        self.vocabulary = vocabulary
        places = Mutex(IndexPlaces(start: now))
        statements = try IndexStatements(connection)
        try readAgain()
    }

    /// Reads from the file which attributes have an index, after a transaction was undone.
    func readAgain() throws {
        let rows = try connection.prepare("SELECT name FROM indexed_attribute WHERE complete >= 0")
        indexed = []
        while try rows.step() { indexed.insert(rows.int(0)) }
    }

    /// The number of fillings in progress.
    var fillingCount: Int { fillings.count }

    /// Notes for the fillings in progress that the entries of the entity have changed.
    func noteChange(of key: Int64) {
        guard !fillings.isEmpty else { return }
        fillings.removeAll { $0.filling == nil }
        for known in fillings { known.filling?.changed.insert(key) }
    }

    /// Registers indexes for the attributes, as far as the party may have them.
    func register(_ names: [IRI], for party: Party, at now: Timestamp) throws {
        for name in names.compactMap({ vocabulary.current.numbers[$0.text] })
        where !indexed.contains(name) {
            // An index whose entries are still being removed can be created again when they are
            // gone. Until then, no other gives its place to it.
            guard try !isBeingRemoved(name) else { continue }
            if indexed.count >= Limits.indexedAttributes {
                let giving = places.withLock {
                    $0.giving(to: party, of: indexed, at: now)
                }
                guard let giving else { return }
                try giveUpIndex(giving)
            }
            try transaction.willWrite()
            try connection.execute("INSERT INTO indexed_attribute VALUES (\(name), 0, 0)")
            indexed.insert(name)
            places.withLock { $0.note(name, for: party, at: now) }
        }
    }

    private func isBeingRemoved(_ name: Int64) throws -> Bool {
        let row = try connection.prepare("SELECT 1 FROM indexed_attribute WHERE name = ?1")
            .bind(1, name)
        defer { row.reset() }
        return try row.step()
    }

    /// Removes the index from use: no write keeps it and no query uses it.
    ///
    /// Its entries are removed later.
    private func giveUpIndex(_ name: Int64) throws {
        try transaction.willWrite()
        try connection.execute("UPDATE indexed_attribute SET complete = -1 WHERE name = \(name)")
        indexed.remove(name)
        places.withLock { $0.forget(name) }
    }

    /// Removes some entries of removed indexes; false when none are left.
    func removeGivenUpEntries() throws -> Bool {
        let row = try connection.prepare(
            "SELECT name FROM indexed_attribute WHERE complete < 0 LIMIT 1"
        )
        guard try row.step() else { return false }
        let name = row.int(0)
        row.reset()
        try transaction.willWrite()
        try connection.execute(
            """
            DELETE FROM attribute_value WHERE name = \(name) AND (value, key) IN (
                SELECT value, key FROM attribute_value WHERE name = \(name)
                LIMIT \(Limits.entriesPerStep))
            """
        )
        guard connection.changes == 0 else { return true }
        try connection.execute(
            "DELETE FROM indexed_attribute WHERE name = \(name) AND complete < 0"
        )
        return true
    }

    /// The next portion of an incomplete index, to be read after the commit; nil when all are
    /// complete.
    func nextPortion(of filling: IndexFilling) throws -> IndexPortion? {
        let open = try connection.prepare(
            "SELECT name, filled_to FROM indexed_attribute WHERE complete = 0 LIMIT 1"
        )
        guard try open.step() else { return nil }
        filling.changed = []
        if !fillings.contains(where: { $0.filling === filling }) {
            fillings.append(WeakFilling(filling: filling))
        }
        return IndexPortion(
            filling: filling,
            name: open.int(0),
            start: open.int(1),
            end: open.int(1)
        )
    }

    /// Adds some entries of the portion.
    func add(_ entries: ArraySlice<IndexPortion.Entry>, of portion: IndexPortion) throws {
        guard indexed.contains(portion.name) else { return }
        try transaction.willWrite()
        for entry in entries where !portion.filling.changed.contains(entry.key) {
            try insert(.init(name: portion.name, value: entry.value), key: entry.key)
        }
    }

    /// Adds some of the portion's entries for "any value".
    func add(crowded keys: ArraySlice<Int64>, of portion: IndexPortion) throws {
        guard indexed.contains(portion.name) else { return }
        try transaction.willWrite()
        for key in keys where !portion.filling.changed.contains(key) {
            try insert(crowded: portion.name, key: key)
        }
    }

    /// Adds what has changed since the portion was read, and notes how far the index is filled.
    func finish(_ portion: IndexPortion, grant: InternalGrant) throws {
        guard indexed.contains(portion.name) else { return }
        try transaction.willWrite()
        let row = try connection.prepare("SELECT shape, body FROM entity WHERE key = ?1")
        for key in portion.filling.changed
        where key > portion.start && key <= portion.end {
            defer { row.reset() }
            guard try row.bind(1, key).step(), row.int(0) > 0 else { continue }
            let entries = entries(try Body.entity(row.bytes(1)))
            for entry in entries.values where entry.name == portion.name {
                try insert(entry, key: key)
            }
            if entries.crowded.contains(portion.name) {
                try insert(crowded: portion.name, key: key)
            }
        }
        try connection.execute(
            """
            UPDATE indexed_attribute
            SET filled_to = \(portion.end), complete = \(portion.isLast ? 1 : 0)
            WHERE name = \(portion.name) AND complete = 0 AND filled_to <= \(portion.start)
            """
        )
    }
}

extension Reader {
    /// Returns the portion with the entries of its entities, sorted by value; call it within a
    /// snapshot.
    func fill(
        _ portion: IndexPortion,
        _ vocabulary: Vocabulary,
        grant: InternalGrant
    ) throws -> IndexPortion {
        let selection = AttributeSelection([vocabulary.iri(portion.name)])
        let rows = try connection.prepare(
            "SELECT key, shape, body FROM entity WHERE key > ?1 ORDER BY key LIMIT ?2"
        ).bind(1, portion.start).bind(2, Int64(Limits.indexedPerPortion))
        var (filled, count) = (portion, 0)
        while filled.entries.count < Limits.entriesPerPortion, try rows.step() {
            filled.end = rows.int(0)
            count += 1
            guard vocabulary.shapes[rows.int(1)]?.has(portion.name) == true else { continue }
            let entity = try Body.entity(rows.bytes(2), selection)
            var entries = IndexEntries()
            for attribute in entity.attributes { entries.add(attribute, name: portion.name) }
            for entry in entries.values {
                filled.entries.append(.init(value: entry.value, key: filled.end))
            }
            if !entries.crowded.isEmpty { filled.crowded.append(filled.end) }
        }
        filled.isLast =
            count < Limits.indexedPerPortion && filled.entries.count < Limits.entriesPerPortion
        filled.entries.sort { $0.value < $1.value }
        return filled
    }
}

extension Scalar {
    /// Approximately SQLite's order: enough to write neighbouring entries together.
    fileprivate static func < (a: Scalar, b: Scalar) -> Bool {
        switch (a, b) {
        case (.number(let a), .number(let b)): a < b
        case (.text(let a), .text(let b)): a < b
        case (.null, .number), (.null, .text), (.number, .text): true
        case (_, .null), (.text, .number): false
        }
    }
}
