package import ContextModel
import Governance

/// The stores of all tenants of a hub.
///
/// A tenant exists from the first `makeTenant` on, for every hub that shares the data. A snapshot
/// exists from `makeSnapshot` to `removeSnapshot`; whoever still has its store when it is removed
/// gets `closed` from it. After `close` every method of the store, and of the tenants' stores it
/// gave, throws `closed`; what had been accepted before is kept.
package protocol Store: Sendable {
    /// The tenant's store, or nil when there is no such tenant; `nil` names the default tenant,
    /// which always exists.
    func tenant(_ name: TenantName?) async throws -> (any TenantStore)?
    /// The tenant's store, made now if need be (clause 4.14: a tenant exists once written to);
    /// throws `tooManyTenants` rather than make one more than the store keeps.
    ///
    /// A snapshot's is never made this way: one that was removed stays so.
    func makeTenant(_ name: TenantName?) async throws -> any TenantStore
    /// The names of all tenants but the default one.
    var tenantNames: [TenantName] { get async }
    /// Whether other processes may change the data meanwhile.
    var isShared: Bool { get }
    /// The stores of the tenants that have been asked for since the start, snapshots left aside.
    var openStores: [any TenantStore] { get }
    /// Makes the empty store of a new snapshot; `tenant` finds it from then on.
    func makeSnapshot(_ name: TenantName) async throws -> any TenantStore
    /// Removes a snapshot's store with all that is in it; does nothing when there is none.
    func removeSnapshot(_ name: TenantName) async throws
    /// Removes the stores of snapshots that none of the names is of.
    func removeSnapshots(except names: [TenantName]) async throws
    /// Waits for accepted writes, then lets go of the data; twice does no harm.
    func close() async
}

extension Store {
    /// How many notifications of all tenants wait, since when the oldest does, and how many were
    /// given up on.
    package func backlog() async throws -> (outbox: OutboxDepth, deadLetters: Int) {
        var (outbox, deadLetters) = (OutboxDepth(count: 0, oldest: nil), 0)
        for name in [nil] + (await tenantNames) {
            guard let store = try await tenant(name) else { continue }
            let depth = try await store.outboxDepth()
            outbox.count += depth.count
            outbox.oldest = [outbox.oldest, depth.oldest].compactMap(\.self).min()
            deadLetters += try await store.documentCount(.deadLetter)
        }
        return (outbox, deadLetters)
    }

    /// How many entities all tenants have.
    package func entityCount() async throws -> Int {
        var count = 0
        for name in [nil] + (await tenantNames) {
            count += try await tenant(name)?.entityCount(grant: InternalGrant(.measuring)) ?? 0
        }
        return count
    }
}
