internal import Storage

/// Documents, as a transaction changes them. Rare, so prepared when used.
extension Writer {
    func document(_ kind: Document.Kind, id: String) throws -> Document? {
        try connection.document(kind, id: id)
    }

    func documents(_ kind: Document.Kind) throws -> [Document] {
        try connection.documents(kind)
    }

    func documentCount(_ kind: Document.Kind) throws -> Int {
        try connection.documentCount(kind)
    }

    func put(_ document: Document) throws {
        try willWrite()
        try connection.prepare(
            """
            INSERT INTO document (kind, id, body, owner) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, owner = excluded.owner
            """
        ).bind(1, document.kind.rawValue).bind(2, document.id).bind(3, document.body)
            .bind(4, document.owner).run()
    }

    func removeDocument(_ kind: Document.Kind, id: String) throws -> Bool {
        try willWrite()
        try connection.prepare("DELETE FROM document WHERE kind = ?1 AND id = ?2")
            .bind(1, kind.rawValue).bind(2, id).run()
        return connection.changes > 0
    }

    func documentSizes(_ kind: Document.Kind) throws -> [(id: String, bytes: Int)] {
        let rows = try connection.prepare(
            "SELECT id, length(body) FROM document WHERE kind = ?1 ORDER BY number"
        ).bind(1, kind.rawValue)
        var sizes: [(id: String, bytes: Int)] = []
        while try rows.step() { sizes.append((rows.text(0), Int(rows.int(1)))) }
        return sizes
    }

    func afterCommit(_ action: @escaping @Sendable () -> Void) { commitActions.append(action) }
}
