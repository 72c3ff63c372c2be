internal import Storage

/// The newest changes of documents, in their order.
struct MemoryFeed: Sendable {
    private struct Entry {
        var number: Int64
        var kind: Document.Kind
        var id: String
    }
    private var entries: [Entry] = []
    /// The number of the newest change.
    private(set) var number: Int64 = 0

    /// The numbers of the kept changes; nil when there are none.
    var kept: ClosedRange<Int64>? { entries.first.map { $0.number...number } }

    /// Notes that a document was put or removed.
    mutating func note(_ kind: Document.Kind, id: String) {
        guard kind.isFollowed else { return }
        number += 1
        entries.append(Entry(number: number, kind: kind, id: id))
        if let last = ChangeFeedPage.lastRemoved(at: number) {
            entries.removeAll { $0.number <= last }
        }
    }

    /// The documents that changed after the number, each once, in the order of their last changes.
    func names(after number: Int64) -> [(kind: Document.Kind, id: String)] {
        var seen: Set<[String]> = []
        return entries.reversed().prefix { $0.number > number }
            .filter { seen.insert([$0.kind.rawValue, $0.id]).inserted }
            .reversed().map { ($0.kind, $0.id) }
    }
}

extension TenantState {
    /// Answers `DocumentStore.feed`.
    func feedPage(after number: Int64?, of kinds: Set<Document.Kind>) -> ChangeFeedPage {
        guard let number, ChangeFeedPage.hasAll(after: number, kept: feed.kept) else {
            return ChangeFeedPage(number: feed.number, isComplete: false)
        }
        let changes = feed.names(after: number).filter { kinds.contains($0.kind) }.map {
            ChangeFeedPage.Change(
                kind: $0.kind,
                id: $0.id,
                document: document($0.kind, id: $0.id)
            )
        }
        return ChangeFeedPage(number: feed.number, changes: changes)
    }
}
