import Synchronization

/// Runs bodies that must not overlap, one after the other in the order of the calls.
///
/// It is for a cache that changes before the store does. When its turn comes, each body reads the cache
/// and writes what it read to the store, so the last body writes the newest state.
final class Turns: Sendable {
    private let last = Mutex<Task<Void, any Error>?>(nil)

    /// Returns when the work is done, which is not cancelled with the caller; throws the error of
    /// the work.
    func take(_ work: @escaping @Sendable () async throws -> Void) async throws {
        let turn = last.withLock { last in
            let turn = Task { [before = last] in
                _ = await before?.result
                try await work()
            }
            last = turn
            return turn
        }
        try await turn.value
    }
}
