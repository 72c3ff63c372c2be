internal import ContextModel
internal import Governance
internal import Storage
internal import Synchronization

/// Value indexes, made only for attributes that queries ask for: registered, filled a portion at a
/// time, and kept by every write from then on, until another is asked for more lately and there are
/// no places left.
///
/// A portion is read beside the writing, sorted, and added by values, so that what is written lies
/// together; what changed meanwhile is looked at once more.
struct IndexPortion: Sendable {
    struct Entry: Sendable {
        var value: Scalar
        var key: Int64
    }
    let filling: IndexFilling
    let name: Int64
    /// Of the entities with keys above this one.
    let start: Int64
    /// The last of them, and whether there are none above.
    var end: Int64
    var isLast = false
    var entries: [Entry] = []
    /// Entities that may have any value.
    var crowded: [Int64] = []
}

/// Somebody who fills indexes, with the entities whose entries have changed while the portion is
/// made.
///
/// The writer knows it for as long as somebody holds it: however the filling ends, nothing is noted
/// any more. What it notes is used by the committer's thread alone.
final class IndexFilling: @unchecked Sendable {
    var changed: Set<Int64> = []
}

/// The side indexes of entities, as the writer keeps them, and which attributes have one.
final class IndexWriter {
    /// What the writer holds of a filling.
    private struct WeakFilling {
        weak var filling: IndexFilling?
    }

    /// Attributes that have, or are getting, a value index.
    private(set) var indexed: Set<Int64> = []
    /// Who asked for them; readers note it, on any thread.
    let places: Mutex<IndexPlaces>
    /// Those who fill value indexes at this moment.
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

    /// Reads from the file which attributes have one, where a transaction was undone.
    func readAgain() throws {
        let rows = try connection.prepare("SELECT name FROM indexed_attribute WHERE complete >= 0")
        indexed = []
        while try rows.step() { indexed.insert(rows.int(0)) }
    }

    /// How many fillings are told of changes.
    var fillingCount: Int { fillings.count }

    /// Notes for those who fill indexes that what these hold of the entity has changed.
    func noteChange(of key: Int64) {
        guard !fillings.isEmpty else { return }
        fillings.removeAll { $0.filling == nil }
        for known in fillings { known.filling?.changed.insert(key) }
    }

    /// Gives the attributes places for their indexes, as far as the party that asks may have some.
    func register(_ names: [IRI], for party: Party, at now: Timestamp) throws {
        for name in names.compactMap({ vocabulary.current.numbers[$0.text] })
        where !indexed.contains(name) {
            // One whose entries are still being removed comes back when they are gone: nothing is
            // given up for it before.
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

    /// From now on no write keeps the index and no query uses it; its entries go later.
    private func giveUpIndex(_ name: Int64) throws {
        try transaction.willWrite()
        try connection.execute("UPDATE indexed_attribute SET complete = -1 WHERE name = \(name)")
        indexed.remove(name)
        places.withLock { $0.forget(name) }
    }

    /// Removes some entries of an index that was given up; false when there are none left of any.
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

    /// The next portion of an index that is not complete, to be read once this is committed; nil
    /// when all are.
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

    /// Adds some of the portion's entries.
    func add(_ entries: ArraySlice<IndexPortion.Entry>, of portion: IndexPortion) throws {
        guard indexed.contains(portion.name) else { return }
        try transaction.willWrite()
        for entry in entries where !portion.filling.changed.contains(entry.key) {
            try insert(.init(name: portion.name, value: entry.value), key: entry.key)
        }
    }

    /// Adds some of the portion's entities that may have any value.
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
    /// The portion with what the entities hold, by values; inside a snapshot.
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
    /// About as SQLite sorts, which is enough for what lies together to be written together.
    fileprivate static func < (a: Scalar, b: Scalar) -> Bool {
        switch (a, b) {
        case (.number(let a), .number(let b)): a < b
        case (.text(let a), .text(let b)): a < b
        case (.null, .number), (.null, .text), (.number, .text): true
        case (_, .null), (.text, .number): false
        }
    }
}
