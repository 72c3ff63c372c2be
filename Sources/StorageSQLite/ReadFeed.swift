internal import Storage

/// The change feed.
extension Reader {
    func feed(after number: Int64?, of kinds: Set<Document.Kind>) throws -> ChangeFeedPage {
        try snapshot { try connection.feed(after: number, of: kinds) }
    }
}

extension Connection {
    /// Answers `DocumentStore.feed`; call it within a transaction.
    func feed(after number: Int64?, of kinds: Set<Document.Kind>) throws -> ChangeFeedPage {
        let kept = try keptChanges()
        let newest = kept?.upperBound ?? 0
        guard let number, ChangeFeedPage.hasAll(after: number, kept: kept) else {
            return ChangeFeedPage(number: newest, isComplete: false)
        }
        let changes = try changes(after: number).filter { kinds.contains($0.kind) }
        return ChangeFeedPage(
            number: newest,
            changes: try changes.map {
                .init(kind: $0.kind, id: $0.id, document: try document($0.kind, id: $0.id))
            }
        )
    }

    /// The number of the newest change; 0 when there is none.
    func newestChange() throws -> Int64 {
        try number("SELECT coalesce(max(number), 0) FROM feed")
    }

    /// The numbers of the kept changes; nil when there are none.
    fileprivate func keptChanges() throws -> ClosedRange<Int64>? {
        let row = try prepare(
            "SELECT (SELECT min(number) FROM feed), (SELECT max(number) FROM feed)"
        )
        guard try row.step(), !row.isNull(0) else { return nil }
        return row.int(0)...row.int(1)
    }

    /// The documents that changed after the number, each once, in the order of their last changes.
    fileprivate func changes(after number: Int64) throws -> [(kind: Document.Kind, id: String)] {
        let rows = try prepare(
            """
            SELECT kind, id FROM feed WHERE number > ?1
            GROUP BY kind, id ORDER BY max(number)
            """
        ).bind(1, number)
        var changes: [(kind: Document.Kind, id: String)] = []
        while try rows.step() {
            guard let kind = Document.Kind(rawValue: rows.text(0)) else { continue }
            changes.append((kind, rows.text(1)))
        }
        return changes
    }
}
