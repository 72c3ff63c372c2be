package import ContextModel
import Governance

/// The stores of all tenants of a hub.
///
/// A tenant exists from the first `makeTenant`, for every hub that shares the data. A snapshot
/// exists from `makeSnapshot` to `removeSnapshot`; a store of it that somebody still has then
/// throws `closed`.
///
/// After `close`, every method of the store and of its tenants' stores throws `closed`. Writes
/// that had been accepted before are kept.
package protocol Store: Sendable {
    /// The tenant's store, or nil when there is no such tenant. The name `nil` is that of the
    /// default tenant, which always exists.
    func tenant(_ name: TenantName?) async throws -> (any TenantStore)?
    /// The tenant's store, which is created if need be (clause 4.14: a tenant exists once it is
    /// written to).
    ///
    /// Throws `tooManyTenants` when the store has as many tenants as it may have. It never creates
    /// the store of a snapshot: a snapshot that was removed stays removed.
    func makeTenant(_ name: TenantName?) async throws -> any TenantStore
    /// The names of all tenants but the default one.
    var tenantNames: [TenantName] { get async }
    /// Whether other processes may change the data.
    var isShared: Bool { get }
    /// The stores of the tenants that have been asked for since the start, without snapshots.
    var openStores: [any TenantStore] { get }
    /// Creates the empty store of a new snapshot, which `tenant` finds from then on.
    func makeSnapshot(_ name: TenantName) async throws -> any TenantStore
    /// Removes a snapshot's store with all its data; does nothing when there is none.
    func removeSnapshot(_ name: TenantName) async throws
    /// Removes the stores of all snapshots but those named.
    func removeSnapshots(except names: [TenantName]) async throws
    /// Waits for accepted writes, then closes the data; a second call does nothing.
    func close() async
}

extension Store {
    /// The number of waiting notifications of all tenants, the time since which the oldest waits,
    /// and the number of dead letters.
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

    /// The number of entities of all tenants.
    package func entityCount() async throws -> Int {
        var count = 0
        for name in [nil] + (await tenantNames) {
            count += try await tenant(name)?.entityCount(grant: InternalGrant(.measuring)) ?? 0
        }
        return count
    }
}
