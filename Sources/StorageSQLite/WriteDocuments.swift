internal import Storage

/// Changes of documents; they are rare, so statements are prepared when used.
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

    func put(_ document: Document, isQuiet: Bool) throws {
        try transaction.willWrite()
        try connection.prepare(
            """
            INSERT INTO document (kind, id, body, owner) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, owner = excluded.owner
            """
        ).bind(1, document.kind.rawValue).bind(2, document.id).bind(3, document.body)
            .bind(4, document.owner).run()
        if !isQuiet { try feed.note(document.kind, id: document.id) }
    }

    func removeDocument(_ kind: Document.Kind, id: String) throws -> Bool {
        try transaction.willWrite()
        try connection.prepare("DELETE FROM document WHERE kind = ?1 AND id = ?2")
            .bind(1, kind.rawValue).bind(2, id).run()
        guard connection.changes > 0 else { return false }
        try feed.note(kind, id: id)
        return true
    }

    var lastChange: Int64 { feed.lastChange }

    func feed(after number: Int64?, of kinds: Set<Document.Kind>) throws -> ChangeFeedPage {
        try connection.feed(after: number, of: kinds)
    }

    func documentSizes(_ kind: Document.Kind) throws -> [(id: String, bytes: Int)] {
        let rows = try connection.prepare(
            "SELECT id, length(body) FROM document WHERE kind = ?1 ORDER BY number"
        ).bind(1, kind.rawValue)
        var sizes: [(id: String, bytes: Int)] = []
        while try rows.step() { sizes.append((rows.text(0), Int(rows.int(1)))) }
        return sizes
    }

    func afterCommit(_ action: @escaping @Sendable () -> Void) {
        transaction.afterCommit(action)
    }
}

/// Writes the change feed.
final class FeedWriter {
    /// The newest number of the feed, even if its change was undone.
    private(set) var lastChange: Int64 = 0

    private let connection: Connection

    init(_ connection: Connection) { self.connection = connection }

    /// Adds the change to the feed, and removes old changes from time to time.
    func note(_ kind: Document.Kind, id: String) throws {
        guard kind.isFollowed else { return }
        try connection.prepare("INSERT INTO feed (kind, id) VALUES (?1, ?2)")
            .bind(1, kind.rawValue).bind(2, id).run()
        lastChange = connection.lastRowID
        guard let last = ChangeFeedPage.lastRemoved(at: lastChange) else { return }
        try connection.prepare("DELETE FROM feed WHERE number <= ?1").bind(1, last).run()
    }
}
