internal import Storage
internal import Synchronization

/// Removes what is left of histories that were taken from their entities.
final class HistoryRemover: Sendable {
    /// Whether any may be left, and whether somebody removes them.
    private struct Work {
        var mayBeLeft = false
        var isWorkedAt = false

        /// Begins another round of removal if anything may be left; returns false, and marks the removal
        /// as finished, if nothing is.
        mutating func beginRound() -> Bool {
            defer { mayBeLeft = false }
            isWorkedAt = mayBeLeft
            return mayBeLeft
        }
    }
    private let removing = Mutex(Work())

    private let committer: Committer

    init(_ committer: Committer) { self.committer = committer }

    /// Removes what is left of histories in the background, a portion between other requests at a time.
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
                // A full disk or a store that closes: nobody sees what is left, and the next
                // removal of a long history, or the next start, goes on with it.
                removing.withLock { $0.isWorkedAt = false }
            }
        }
    }

    private func removeDetachedHistories() async throws {
        while removing.withLock({ $0.beginRound() }) {
            while try await committer.run({ try $0.removeDetachedHistory() }) {}
        }
    }
}
