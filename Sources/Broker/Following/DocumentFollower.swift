import ContextModel
import Storage
import Synchronization

/// Follows the change feeds of tenants for one cache of this process: what the cache remembers of
/// documents changes by this alone.
///
/// News of a tenant is applied one page after the other, so a cache never goes back to what a document
/// was. Whoever has changed a document catches up before it answers; what other processes change is looked
/// for at intervals (`Hub.followChanges`).
final class DocumentFollower: Sendable {
    /// What a cache is told.
    enum News: Sendable {
        /// All documents there are: at the start, and when the feed does not know some changes any more.
        case all([Document])
        /// Documents that changed, as they are now.
        case changes([ChangeFeedPage.Change])
    }

    private struct Place {
        /// The number of the last change that was applied; nil when nothing is known yet.
        var number: Int64?
        /// Whether the last look failed.
        var isBehind = false
        /// A look that has begun, and one that begins when it is over.
        var current: Task<Void, any Error>?
        var next: Task<Void, any Error>?
    }
    private let places = Mutex<[TenantName?: Place]>([:])
    private let store: any Store
    private let kinds: [Document.Kind]

    init(_ store: any Store, _ kinds: [Document.Kind]) {
        self.store = store
        self.kinds = kinds
    }

    /// Applies all that was changed in the tenant before the call; returns when that is done.
    ///
    /// Throws what the store or `apply` throws: then the same is looked for once more the next time.
    func catchUp(
        with tenant: TenantName?,
        _ apply: @escaping @Sendable (News) async throws -> Void
    ) async throws {
        let task = places.withLock { places in
            var place = places[tenant, default: Place()]
            defer { places[tenant] = place }
            // It has not looked yet, so it will see what is there now.
            if let next = place.next { return next }
            let current = place.current
            let task = Task {
                _ = await current?.result
                let result = await self.look(at: tenant, apply)
                self.finish(tenant, hasFailed: result.hasFailed)
                try result.get()
            }
            if current == nil { place.current = task } else { place.next = task }
            return task
        }
        try await task.value
    }

    private func look(
        at tenant: TenantName?,
        _ apply: @Sendable (News) async throws -> Void
    ) async -> Result<Void, any Error> {
        do {
            // A snapshot may have gone meanwhile.
            guard let store = try await store.tenant(tenant) else { return .success(()) }
            let number = places.withLock { $0[tenant]?.number }
            let page = try await store.feed(after: number, of: Set(kinds))
            if !page.isComplete {
                var documents: [Document] = []
                for kind in kinds { documents += try await store.documents(kind) }
                try await apply(.all(documents))
            } else if !page.changes.isEmpty {
                try await apply(.changes(page.changes))
            }
            places.withLock { $0[tenant]?.number = page.number }
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    private func finish(_ tenant: TenantName?, hasFailed: Bool) {
        places.withLock { places in
            guard var place = places[tenant] else { return }
            place.current = place.next
            place.next = nil
            place.isBehind = hasFailed
            places[tenant] = place
        }
    }

    /// Tenants of which the last look failed.
    var tenantsBehind: [TenantName?] {
        places.withLock { $0.filter(\.value.isBehind).map(\.key) }
    }

    /// Has everything read anew the next time, or never: the tenant is a snapshot that is no more.
    func forget(_ tenant: TenantName?) {
        places.withLock { places in
            if places[tenant]?.current == nil { places[tenant] = nil }
            places[tenant]?.number = nil
        }
    }
}

extension Result {
    fileprivate var hasFailed: Bool { if case .failure = self { true } else { false } }
}
