internal import ContextModel
internal import Governance
internal import Storage

/// Value indexes, made only for attributes that queries ask for: registered once, filled a step at
/// a time between other requests, and kept by every write from then on.
extension Writer {
    func registerIndexes(_ names: [IRI]) throws {
        for name in names.compactMap({ vocabulary.numbers[$0.text] })
        where !indexed.contains(name) && indexed.count < Limits.indexedAttributes {
            try willWrite()
            try connection.execute("INSERT INTO indexed_attribute VALUES (\(name), 0, 0)")
            indexed.insert(name)
        }
    }

    /// Fills the next entities into an index that is not complete; false when all are.
    func fillIndexes(grant: InternalGrant) throws -> Bool {
        let open = try connection.prepare(
            "SELECT name, filled_to FROM indexed_attribute WHERE complete = 0 LIMIT 1"
        )
        guard try open.step() else { return false }
        let (name, filledTo) = (open.int(0), open.int(1))
        open.reset()
        try willWrite()
        let rows = try connection.prepare(
            "SELECT key, shape, body FROM entity WHERE key > ?1 ORDER BY key LIMIT ?2"
        ).bind(1, filledTo).bind(2, Int64(Limits.indexedPerStep))
        var last = filledTo
        var count = 0
        while try rows.step() {
            last = rows.int(0)
            count += 1
            guard vocabulary.shapes[rows.int(1)]?.has(name) == true else { continue }
            let entries = entries(try Body.entity(rows.bytes(2)))
            for entry in entries.values where entry.name == name { try insert(entry, key: last) }
        }
        let isComplete = count < Limits.indexedPerStep
        try connection.execute(
            """
            UPDATE indexed_attribute SET filled_to = \(last), complete = \(isComplete ? 1 : 0)
            WHERE name = \(name)
            """
        )
        return true
    }
}
