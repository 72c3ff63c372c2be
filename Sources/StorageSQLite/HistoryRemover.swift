internal import Storage
internal import Synchronization

/// Removes the rest of histories that were detached from their entities.
final class HistoryRemover: Sendable {
    /// Whether any may be left, and whether a removal runs.
    private struct Work {
        var mayBeLeft = false
        var isWorkedAt = false

        /// Begins another round of removal if anything may be left.
        ///
        /// Returns false, and marks the removal as finished, if nothing is left.
        mutating func beginRound() -> Bool {
            defer { mayBeLeft = false }
            isWorkedAt = mayBeLeft
            return mayBeLeft
        }
    }
    private let removing = Mutex(Work())

    private let committer: Committer

    init(_ committer: Committer) { self.committer = committer }

    /// Removes the rest of detached histories in the background, in portions between other
    /// requests.
    func removeSoon() {
        let isFirst = removing.withLock { removing in
            removing.mayBeLeft = true
            defer { removing.isWorkedAt = true }
            return !removing.isWorkedAt
        }
        guard isFirst else { return }
        Task { [self] in
            do {
                try await removeDetachedHistories()
            } catch {
                // The disk is full or the store is closing. Nobody sees the rest, and the next
                // removal of a long history, or the next start, continues.
                removing.withLock { $0.isWorkedAt = false }
            }
        }
    }

    /// Removes all that was detached before the call.
    func removeAll() async throws {
        while try await committer.run({ try $0.removeDetachedHistory() }) {}
    }

    private func removeDetachedHistories() async throws {
        while removing.withLock({ $0.beginRound() }) { try await removeAll() }
    }
}
