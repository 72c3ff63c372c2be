internal import Dispatch
internal import Storage
internal import Synchronization

/// Copies the log into the database while commits go on, on its own thread and connection.
///
/// A checkpoint writes thousands of pages and waits for the disk twice; a commit that did this
/// would keep all requests waiting. Because commits go on meanwhile, the log is never copied to
/// its end here. Now and then, when only a little is missing, the committer copies the rest
/// itself, so that SQLite starts the log again from its beginning.
final class Checkpointer: Sendable {
    private struct State {
        /// The number of pages of the log that have been copied to the database.
        var copied = 0
        var isCopying = false
        /// Whether a copy has just ended, so that little is missing.
        var isNearEnd = false
        var isClosed = false
    }
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "balai.checkpoints", qos: .utility)
    /// Used on `queue` alone.
    private let connection: Connection

    init(path: String) throws {
        connection = try Connection(path: path, access: .readWrite)
        // Writers wait as long as this one does for readers to end.
        try connection.execute(
            """
            PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
            PRAGMA busy_timeout = \(Limits.emptyingMilliseconds)
            """
        )
    }

    /// Notes the length of the log after a commit; returns whether the committer must copy the
    /// rest now.
    func mustCopyRest(logPages: Int) -> Bool {
        let (catchesUp, copies) = state.withLock { state -> (Bool, Bool) in
            // A log that is shorter than the copied part was started again.
            if logPages < state.copied { state.copied = 0 }
            guard !state.isCopying, !state.isClosed else { return (false, false) }
            if state.isNearEnd, logPages >= Limits.logPages {
                state.isNearEnd = false
                return (true, false)
            }
            guard logPages - state.copied >= Limits.checkpointPages else { return (false, false) }
            state.isCopying = true
            return (false, true)
        }
        if copies { queue.async { self.copy() } }
        return catchesUp
    }

    /// Notes how many pages the committer has copied.
    func noteCopied(_ copied: Int?) {
        if let copied { state.withLock { $0.copied = copied } }
    }

    private func copy() {
        let copied = connection.checkpoint()
        state.withLock { state in
            state.isCopying = false
            state.isNearEnd = copied != nil
            if let copied { state.copied = copied }
        }
    }

    /// Copies all of the log and cuts it to nothing; false where somebody reads what is in it, or it could
    /// not be copied.
    func emptyLog() async -> Bool {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.cutLog()) }
        }
    }

    /// On the queue.
    private func cutLog() -> Bool {
        guard !state.withLock(\.isClosed), connection.emptyLog() else { return false }
        state.withLock { $0.copied = 0 }
        return true
    }

    /// Waits for a copy in progress, starts no other, and closes its connection.
    func close() {
        state.withLock { $0.isClosed = true }
        queue.sync { connection.close() }
    }
}
