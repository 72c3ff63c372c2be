import Broker
package import Record
import Synchronization

/// A record in memory that fails when it is told to.
package final class RecordDouble: PublicRecord {
    private struct State {
        var drafts: [RecordDraft] = []
        var fails = false
    }
    private let state = Mutex(State())

    package init() {}

    package var size: Int { state.withLock(\.drafts.count) }
    package var drafts: [RecordDraft] { state.withLock(\.drafts) }

    package func fail(_ fails: Bool = true) { state.withLock { $0.fails = fails } }

    package func append(_ draft: RecordDraft) async throws -> Int {
        try state.withLock { state in
            guard !state.fails else { throw RecordError(.unavailable, "test") }
            state.drafts.append(draft)
            return state.drafts.count - 1
        }
    }

    package func openings(_ query: OpeningQuery) async throws -> [KeptOpening] {
        var chance = SystemRandomNumberGenerator()
        return try drafts.enumerated().reversed().flatMap { entry, draft in
            guard query.entries.contains(entry) else { return [KeptOpening]() }
            let prepared = try PreparedEntry(draft, using: &chance)
            return prepared.openings.enumerated().filter {
                $0.element.opening.subject == query.subject
            }.map {
                KeptOpening(
                    entry: entry,
                    place: $0.offset,
                    salt: $0.element.salt,
                    bytes: $0.element.bytes
                )
            }
        }.prefix(query.limit).map { $0 }
    }
}
