import ContextModel
import Governance
import Storage

/// The part of a hub with the operations on `@context`s, each in its own file (clause 5.13).
package final class LDContextHosting: Sendable {
    let access: Access
    /// Resolves references to `@context`s.
    let resolver: LDContextResolver
    /// Stores their documents.
    let contextStore: LDContextStore
    private let store: any Store
    let snapshots: SnapshotRegistry

    init(
        _ access: Access,
        _ resolver: LDContextResolver,
        _ store: any Store,
        _ snapshots: SnapshotRegistry
    ) {
        self.access = access
        self.resolver = resolver
        contextStore = resolver.fetcher.store
        self.store = store
        self.snapshots = snapshots
    }

    /// The `@context`s of the hub's own that stored subscriptions name to their receivers, even if
    /// these are not notified.
    func urlsInUse() async throws -> Set<String> {
        var urls: Set<String> = []
        for tenant in [nil] + (await store.tenantNames) + snapshots.stores {
            // A snapshot may have been removed meanwhile.
            guard let store = try await store.tenant(tenant) else { continue }
            for kind in SubscriptionKind.allCases {
                let records = try await store.documents(kind.documentKind).lazy
                    .compactMap { SubscriptionRecord($0) }
                urls.formUnion(records.compactMap(\.contextURL))
            }
        }
        return urls
    }
}
