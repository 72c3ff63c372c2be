import Synchronization

/// Runs bodies that must not overlap, one after the other in the order of the calls.
///
/// It is for a cache that is ahead of the store: each body reads the cache in its turn and writes
/// it to the store, so that the last one leaves the present state.
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
