import ContextModel
import Synchronization

/// Remembers which entities changed last, so that listeners find out what is new for them.
///
/// It has identifiers and no city data. What a listener is told is read, by a decision of its own, when it is told
/// (`Reading.news`). A tenant's changes are remembered from its first listener on.
package final class ChangeWatch: Sendable {
    /// The changes that are remembered for each tenant.
    static let capacity = 10_000

    struct Change: Sendable {
        var id: EntityID
        var types: [IRI]
        /// The `modifiedAt` that the change gave to the entity.
        var time: Timestamp
    }

    private struct Ring {
        var changes: [Change] = []
        /// The number of the next change, counted from one.
        var next: Int64 = 1
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
        guard let entity = change.after, rings.withLock({ $0[tenant] != nil }) else { return nil }
        let noted = Change(id: entity.id, types: entity.types, time: entity.modifiedAt ?? now)
        return { self.note(noted, tenant) }
    }

    private func note(_ change: Change, _ tenant: TenantName?) {
        rings.withLock { rings in
            let next = rings[tenant]?.next ?? 1
            if rings[tenant]?.changes.count ?? 0 < Self.capacity {
                rings[tenant]?.changes.append(change)
            } else {
                rings[tenant]?.changes[Int((next - 1) % Int64(Self.capacity))] = change
            }
            rings[tenant]?.next = next + 1
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
            let end = min(ring.next, position.number + Int64(limit))
            let numbers = position.number..<end
            position.number = end
            return numbers.map { ring.changes[Int(($0 - 1) % Int64(Self.capacity))] }
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
