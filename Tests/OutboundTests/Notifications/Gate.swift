import Synchronization

/// What may leave as long as nobody objects.
final class Gate: Sendable {
    private let state = Mutex((isOpen: true, asked: 0))

    /// Whether it may leave; counts how often that was asked.
    var isOpen: Bool {
        state.withLock { state in
            state.asked += 1
            return state.isOpen
        }
    }

    var asked: Int { state.withLock(\.asked) }

    func close() { state.withLock { $0.isOpen = false } }
}
