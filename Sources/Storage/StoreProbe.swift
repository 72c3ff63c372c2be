internal import Synchronization

/// Checks that the stores can read and write.
///
/// Anybody may ask for the health of a hub at any rate: questions that come while a check runs
/// share its answer.
package final class StoreProbe: Sendable {
    private let store: any Store
    private let underWay = Mutex<Task<Void, any Error>?>(nil)

    package init(_ store: any Store) { self.store = store }

    /// Throws when an open store fails.
    package func run() async throws {
        let (task, isFirst) = underWay.withLock { underWay in
            if let task = underWay { return (task, false) }
            let task = Task { [store] in for open in store.openStores { try await open.probe() } }
            underWay = task
            return (task, true)
        }
        defer { if isFirst { underWay.withLock { $0 = nil } } }
        try await task.value
    }
}
