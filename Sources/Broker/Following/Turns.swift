import Synchronization

/// Runs what must not overlap, one after the other in the order of the calls.
///
/// For a cache that is ahead of the store: who writes down what the cache has reads the cache in its turn,
/// so the last one to write leaves in the store what is here.
final class Turns: Sendable {
    private let last = Mutex<Task<Void, any Error>?>(nil)

    /// Returns when the work is done, which is not cancelled with the caller; throws what it throws.
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
