package import ContextModel
import Governance
import Storage
import Synchronization

/// The snapshots of all tenants, and those that wait to be filled.
///
/// The operations keep it in step with the store.
package final class SnapshotRegistry: Sendable {
    private struct State {
        var snapshots: [Snapshot.Key: Snapshot] = [:]
        /// One snapshot is filled at a time; parties take turns.
        var waiting = FairQueue<Party, SnapshotOrder>(places: 1)
        /// The snapshots used since their use was last stored.
        var used: Set<Snapshot.Key> = []
    }
    private let state = Mutex(State())
    /// The turns in which the state is written to the store.
    let turns = Turns()
    private let signal = Mutex<AsyncStream<Void>.Continuation?>(nil)

    package init() {}

    subscript(key: Snapshot.Key) -> Snapshot? { state.withLock { $0.snapshots[key] } }

    var all: [Snapshot] { state.withLock { Array($0.snapshots.values) } }

    /// The names of the stores of all snapshots.
    package var stores: [TenantName] { all.map(\.store) }

    func put(_ snapshot: Snapshot) { state.withLock { $0.snapshots[snapshot.key] = snapshot } }

    /// Adds a new snapshot; throws when its name is taken or its party has as many as it may.
    func add(_ snapshot: Snapshot, limits: HubLimits) throws(BrokerError) {
        let refusal = state.withLock { state -> BrokerError? in
            let key = snapshot.key
            if state.snapshots[key] != nil { return .snapshotExists(key.id) }
            let own = state.snapshots.keys.filter { $0.owner == key.owner }
            guard own.count(where: { $0.tenant == key.tenant }) < limits.maximumSnapshots else {
                return .tooManySnapshots(limits.maximumSnapshots)
            }
            // A party with rights in many tenants must leave places to others all the same.
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

    /// Changes a snapshot that is still the same one; nil when it was removed.
    func update(_ snapshot: Snapshot, _ change: (inout Snapshot) -> Void) -> Snapshot? {
        state.withLock { state in
            guard var current = state.snapshots[snapshot.key], current.file == snapshot.file
            else { return nil }
            change(&current)
            state.snapshots[snapshot.key] = current
            return current
        }
    }

    /// Whether this snapshot, and not a later one of its name, is there.
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

    /// Removes the snapshot; false when it was removed already.
    func remove(_ snapshot: Snapshot) -> Bool {
        state.withLock { state in
            guard state.snapshots[snapshot.key]?.file == snapshot.file else { return false }
            state.snapshots[snapshot.key] = nil
            return true
        }
    }

    // MARK: Filling

    /// Adds a snapshot to those that wait to be filled; false when too many of its party wait.
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

    /// Signals that there is something to fill, to notify or to remove.
    package func wake() { signal.withLock { _ = $0?.yield() } }

    /// Emits when there may be something to do; only the last stream that was created gets
    /// signals.
    func makeSignals() -> AsyncStream<Void> {
        let (signals, continuation) = AsyncStream<Void>.makeStream(
            bufferingPolicy: .bufferingNewest(1)
        )
        signal.withLock { $0 = continuation }
        return signals
    }
}

/// A snapshot that waits to be filled.
struct SnapshotOrder: Sendable {
    /// The source of its content.
    enum Content: Sendable {
        case queries([SnapshotQuery], temporal: [TemporalQuery])
        case copy(of: Snapshot)
    }
    let snapshot: Snapshot
    let content: Content
}
