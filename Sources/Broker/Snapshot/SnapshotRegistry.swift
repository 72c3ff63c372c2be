package import ContextModel
import Governance
import Storage
import Synchronization

/// The snapshots of all tenants, and those that wait to be made: kept in step with the store by the
/// operations.
package final class SnapshotRegistry: Sendable {
    private struct State {
        var snapshots: [Snapshot.Key: Snapshot] = [:]
        /// One is made at a time, of each party in its turn.
        var waiting = FairQueue<Party, SnapshotOrder>(places: 1)
        /// Used since that was last written down.
        var used: Set<Snapshot.Key> = []
    }
    private let state = Mutex(State())
    /// Those who write down what is here do it in turns, one after the other.
    let turns = Turns()
    private let signal = Mutex<AsyncStream<Void>.Continuation?>(nil)

    package init() {}

    subscript(key: Snapshot.Key) -> Snapshot? { state.withLock { $0.snapshots[key] } }

    var all: [Snapshot] { state.withLock { Array($0.snapshots.values) } }

    /// The names of all snapshots' stores.
    package var stores: [TenantName] { all.map(\.store) }

    func put(_ snapshot: Snapshot) { state.withLock { $0.snapshots[snapshot.key] = snapshot } }

    /// Adds a new snapshot unless its name is taken or its party has as many as it may.
    func add(_ snapshot: Snapshot, limits: HubLimits) throws(BrokerError) {
        let refusal = state.withLock { state -> BrokerError? in
            let key = snapshot.key
            if state.snapshots[key] != nil { return .snapshotExists(key.id) }
            let own = state.snapshots.keys.filter { $0.owner == key.owner }
            guard own.count(where: { $0.tenant == key.tenant }) < limits.maximumSnapshots else {
                return .tooManySnapshots(limits.maximumSnapshots)
            }
            // Whoever has rights on many tenants leaves room to others all the same.
            guard own.count < limits.maximumSnapshotsOfParty else {
                return .tooManySnapshots(limits.maximumSnapshotsOfParty)
            }
            var shares = FairShares<Party>(capacity: limits.maximumSnapshotsInAll)
            for known in state.snapshots.keys { shares.take(known.owner) }
            guard shares.mayTake(key.owner) else {
                return .hubHasTooManySnapshots
            }
            state.snapshots[key] = snapshot
            return nil
        }
        if let refusal { throw refusal }
    }

    /// Changes a snapshot that is still the one it was; nil when it is gone.
    func update(_ snapshot: Snapshot, _ change: (inout Snapshot) -> Void) -> Snapshot? {
        state.withLock { state in
            guard var current = state.snapshots[snapshot.key], current.file == snapshot.file
            else { return nil }
            change(&current)
            state.snapshots[snapshot.key] = current
            return current
        }
    }

    /// Whether the snapshot, and no later one of its name, is there.
    func has(_ snapshot: Snapshot) -> Bool { self[snapshot.key]?.file == snapshot.file }

    /// Notes that a snapshot is being used.
    func use(_ key: Snapshot.Key, at now: Timestamp) {
        state.withLock { state in
            state.snapshots[key]?.lastUsedAt = now
            state.used.insert(key)
        }
    }

    /// The snapshots used since the last call.
    func takeUsed() -> [Snapshot] {
        state.withLock { state in
            defer { state.used = [] }
            return state.used.compactMap { state.snapshots[$0] }
        }
    }

    /// False when it was gone already.
    func remove(_ snapshot: Snapshot) -> Bool {
        state.withLock { state in
            guard state.snapshots[snapshot.key]?.file == snapshot.file else { return false }
            state.snapshots[snapshot.key] = nil
            return true
        }
    }

    // MARK: Making

    /// Orders a snapshot to be made; false when too many of its party wait.
    func order(_ order: SnapshotOrder, limit: Int) -> Bool {
        let isTaken = state.withLock { state in
            let owner = order.snapshot.key.owner
            let shares = FairShares(capacity: limit, places: state.waiting.counts)
            guard shares.mayTake(owner) else { return false }
            state.waiting.append(order, of: owner)
            return true
        }
        if isTaken { wake() }
        return isTaken
    }

    func nextOrder() -> SnapshotOrder? {
        state.withLock { state in
            guard let (order, owner) = state.waiting.popNext() else { return nil }
            state.waiting.giveBack(owner)
            return order
        }
    }

    /// Says that there is something to make, to tell or to remove.
    package func wake() { signal.withLock { _ = $0?.yield() } }

    /// An element whenever there may be something to do; whoever asks last gets them.
    func makeSignals() -> AsyncStream<Void> {
        let (signals, continuation) = AsyncStream<Void>.makeStream(
            bufferingPolicy: .bufferingNewest(1)
        )
        signal.withLock { $0 = continuation }
        return signals
    }
}

/// A snapshot that waits to be made.
struct SnapshotOrder: Sendable {
    /// What is copied into it.
    enum Content: Sendable {
        case queries([SnapshotQuery], temporal: [TemporalQuery])
        case copy(of: Snapshot)
    }
    let snapshot: Snapshot
    let content: Content
}
