import Broker
package import Record
import Synchronization

/// A record in memory that fails when it is told to.
package final class RecordDouble: PublicRecord {
    private struct State {
        var drafts: [RecordDraft] = []
        /// The bytes of each, which stay the same.
        var entries: [[UInt8]] = []
        var fails = false
        var failsToRead = false
        var meanwhile: (@Sendable () async throws -> Void)?
    }
    private let state = Mutex(State())

    package init() {}

    package var size: Int { state.withLock(\.drafts.count) }
    package var drafts: [RecordDraft] { state.withLock(\.drafts) }

    /// The record as it was after so many entries, as if an old copy of its file was put back.
    package func copy(after count: Int) -> RecordDouble {
        let copy = RecordDouble()
        state.withLock { state in
            copy.state.withLock {
                $0.drafts = Array(state.drafts.prefix(count))
                $0.entries = Array(state.entries.prefix(count))
            }
        }
        return copy
    }

    package func fail(_ fails: Bool = true) { state.withLock { $0.fails = fails } }

    package func failToRead(_ fails: Bool = true) { state.withLock { $0.failsToRead = fails } }

    /// Does something once, while an entry is being written.
    package func meanwhile(_ body: @escaping @Sendable () async throws -> Void) {
        state.withLock { $0.meanwhile = body }
    }

    package func append(_ draft: RecordDraft) async throws -> Int {
        let body = state.withLock { state in
            defer { state.meanwhile = nil }
            return state.meanwhile
        }
        try await body?()
        var chance = SystemRandomNumberGenerator()
        let entry = try PreparedEntry(draft, using: &chance).bytes
        return try state.withLock { state in
            guard !state.fails else { throw RecordError(.unavailable, "test") }
            state.drafts.append(draft)
            state.entries.append(entry)
            return state.drafts.count - 1
        }
    }

    package func entries(_ numbers: Range<Int>) async throws -> [[UInt8]] {
        guard !state.withLock(\.failsToRead) else { throw RecordError(.unavailable, "test") }
        return state.withLock { Array($0.entries[numbers]) }
    }

    package func removeReads(of subject: String, tenant: String?) async throws -> Int {
        state.withLock { state in
            var removed = 0
            for place in state.drafts.indices where state.drafts[place].kind == .read {
                let kept = state.drafts[place].openings.filter {
                    $0.subject != subject || $0.tenant != tenant
                }
                removed += state.drafts[place].openings.count - kept.count
                state.drafts[place].openings = kept
            }
            return removed
        }
    }

    package func openings(of entry: Int) async throws -> [KeptOpening] {
        var chance = SystemRandomNumberGenerator()
        return try PreparedEntry(drafts[entry], using: &chance).openings.enumerated().map {
            KeptOpening(
                entry: entry,
                place: $0.offset,
                salt: $0.element.salt,
                bytes: $0.element.bytes
            )
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
