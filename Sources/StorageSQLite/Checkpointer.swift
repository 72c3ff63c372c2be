internal import Dispatch
internal import Storage
internal import Synchronization

/// Copies the log into the database beside the commits, on a thread and a connection of its own.
///
/// A checkpoint writes thousands of pages and waits for the disk twice; a commit that did it would
/// keep all requests waiting. Since commits go on meanwhile, the log is never copied to its end
/// here; now and then, when little is missing, the committer copies that itself, and the log
/// begins anew.
final class Checkpointer: Sendable {
    private struct State {
        /// Pages of the log that are in the database.
        var copied = 0
        var isCopying = false
        /// A copy has just ended, so little is missing.
        var isNearEnd = false
        var isClosed = false
    }
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "balai.checkpoints", qos: .utility)
    /// Used on `queue` alone.
    private let connection: Connection

    init(path: String) throws {
        connection = try Connection(path: path, access: .readWrite)
        try connection.execute("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0")
    }

    /// Told after each commit how long the log is; whether the committer is to copy the rest now.
    func mustCatchUp(logPages: Int) -> Bool {
        let (catchesUp, copies) = state.withLock { state -> (Bool, Bool) in
            // A log that is shorter than what was copied of it has begun anew.
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

    /// Told what the committer has copied.
    func caughtUp(_ copied: Int?) {
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

    /// Waits for a copy under way, and begins no other.
    func close() {
        state.withLock { $0.isClosed = true }
        queue.sync {}
    }
}
