import ContextModel
import DequeModule
import Synchronization

/// Remembers which entities changed last, so that listeners find out what is new for them.
///
/// It also keeps what each was before, so that those who could see it then are told that it ended. What a listener is told is
/// read and decided, by a decision of its own, when it is told (`Reading.news`). A tenant's changes are remembered from
/// its first listener on.
package final class ChangeWatch: Sendable {
    /// The changes that are remembered for each tenant.
    static let capacity = 10_000
    /// The bytes of what was before, for each tenant; the oldest changes are forgotten for newer ones.
    static let maximumBytes = 16 << 20

    struct Change: Sendable {
        var id: EntityID
        /// The types before and after.
        var types: [IRI]
        /// The `modifiedAt` that the change gave to the entity, or when it was deleted.
        var time: Timestamp
        /// The whole entity before the change, encoded by `EntityCodec`; nil for a new entity.
        var before: [UInt8]?
    }

    private struct Ring {
        var changes: Deque<Change> = []
        var bytes = 0
        /// The number of the next change, counted from one.
        var next: Int64 = 1

        mutating func add(_ change: Change) {
            changes.append(change)
            bytes += change.before?.count ?? 0
            next += 1
            while changes.count > ChangeWatch.capacity || bytes > ChangeWatch.maximumBytes {
                bytes -= changes.removeFirst().before?.count ?? 0
            }
        }
    }

    /// Distinguishes the numbers of this run of the hub from those of others.
    private let epoch: Int64
    private let rings = Mutex<[TenantName?: Ring]>([:])
    /// Hears the reports of entities whose silence is noticed.
    let types = TypeWatch()

    init(epoch: Int64) { self.epoch = epoch }

    /// What is to be done when the change is stored; nil while the tenant has had no listener.
    func whenStored(
        _ change: EntityChange,
        _ tenant: TenantName?,
        at now: Timestamp
    ) -> (@Sendable () -> Void)? {
        guard let entity = change.after ?? change.before,
            rings.withLock({ $0[tenant] != nil })
        else { return nil }
        let former = (change.before?.types ?? []).filter { !entity.types.contains($0) }
        let types = entity.types + former
        let time = change.after == nil ? now : entity.modifiedAt ?? now
        let (id, before) = (entity.id, change.before)
        return {
            let bytes = before.map(EntityCodec.encode)
            let noted = Change(id: id, types: types, time: time, before: bytes)
            self.rings.withLock { $0[tenant]?.add(noted) }
        }
    }

    /// The place at which a listener begins that has heard nothing yet.
    func start(_ tenant: TenantName?, at now: Timestamp) -> NewsPosition {
        rings.withLock { rings in
            let next = Self.ring(of: tenant, in: &rings).next
            return NewsPosition(epoch: epoch, number: next, time: now)
        }
    }

    /// The changes from the position on, which is moved behind them; nil when they are not remembered any more.
    ///
    /// Returns `limit` changes at most.
    func changes(
        _ tenant: TenantName?,
        from position: inout NewsPosition,
        limit: Int
    ) -> [Change]? {
        rings.withLock { rings in
            let ring = Self.ring(of: tenant, in: &rings)
            let oldest = ring.next - Int64(ring.changes.count)
            guard position.epoch == epoch, (oldest...ring.next).contains(position.number) else {
                position = NewsPosition(epoch: epoch, number: ring.next, time: position.time)
                return nil
            }
            let start = Int(position.number - oldest)
            let end = min(ring.changes.count, start + limit)
            position.number = oldest + Int64(end)
            return Array(ring.changes[start..<end])
        }
    }

    private static func ring(
        of tenant: TenantName?,
        in rings: inout [TenantName?: Ring]
    ) -> Ring {
        if let ring = rings[tenant] { return ring }
        rings[tenant] = Ring()
        return Ring()
    }
}
