import ContextModel
import Storage
import Synchronization

/// Follows the change feeds of tenants for one cache of this process: what the cache remembers of
/// documents changes by this alone.
///
/// News of a tenant is applied one page after the other, so a cache never goes back to what a document
/// was. Whoever has changed a document catches up before it answers; what other processes change is asked
/// for at intervals (`Following.followChanges`).
final class DocumentFollower: Sendable {
    /// What a cache is told.
    enum News: Sendable {
        /// All documents there are: at the start, and when the feed does not know some changes any more.
        case all([Document])
        /// Documents that changed, as they are now.
        case changes([ChangeFeedPage.Change])

        /// The documents, as they are now.
        var documents: [Document] {
            switch self {
            case .all(let documents): documents
            case .changes(let changes): changes.compactMap(\.document)
            }
        }
    }

    private let places = Mutex<[TenantName?: FollowedTenant]>([:])
    private let store: any Store
    private let kinds: [Document.Kind]
    private let noteBehind: @Sendable (TenantName?, Bool) -> Void

    /// After each round, `noteBehind` gets the tenant, and true if its feed could not be read or applied.
    init(
        _ store: any Store,
        _ kinds: [Document.Kind],
        noteBehind: @escaping @Sendable (TenantName?, Bool) -> Void = { _, _ in }
    ) {
        self.store = store
        self.kinds = kinds
        self.noteBehind = noteBehind
    }

    /// Applies all that was changed in the tenant before the call; returns when that is done.
    ///
    /// Whoever knows what its own change added to the feed gives it as `own`: if that is what comes
    /// next, the store is not asked. Throws what the store or `apply` throws: then the same is asked
    /// for and applied the next time.
    func catchUp(
        with tenant: TenantName?,
        own: OwnChanges? = nil,
        _ apply: @escaping @Sendable (News) async throws -> Void
    ) async throws {
        switch places.withLock({ $0[tenant, default: FollowedTenant()].enter(with: own) }) {
        case .isApplied: return
        case .waits(let round): try await round.wait()
        case .runs(let round, after: nil, isKnown: true) where !Task.isCancelled:
            // In the task of the caller: mostly one changes one document, and nobody else waits.
            try await run(round, of: tenant, apply).get()
        case .runs(let round, let previous, _):
            // Others wait for the round as well, also when the task of this caller is cancelled.
            Task {
                _ = try? await previous?.wait()
                _ = await self.run(round, of: tenant, apply)
            }
            try await round.wait()
        }
    }

    private func run(
        _ round: FollowerRound,
        of tenant: TenantName?,
        _ apply: @Sendable (News) async throws -> Void
    ) async -> Result<Void, any Error> {
        let result = await applyPage(of: tenant, apply)
        finish(tenant, hasFailed: result.hasFailed)
        round.end(result)
        return result
    }

    /// Notes what a change has added to the feed, in the order of the feed: then of those who change
    /// documents at once the first to catch up applies what all have changed.
    func note(_ own: OwnChanges, of tenant: TenantName?) {
        places.withLock { $0[tenant, default: FollowedTenant()].note(own) }
    }

    /// Has the document told of with the next page, as it is then.
    func tellAgain(_ kind: Document.Kind, id: String, of tenant: TenantName?) {
        let name = FollowedTenant.Name(kind: kind, id: id)
        places.withLock { _ = $0[tenant, default: FollowedTenant()].again.insert(name) }
    }

    private func applyPage(
        of tenant: TenantName?,
        _ apply: @Sendable (News) async throws -> Void
    ) async -> Result<Void, any Error> {
        do {
            let (number, again, step) = places.withLock { places in
                let place = places[tenant, default: FollowedTenant()]
                return (place.number, place.again, places[tenant, default: place].begin())
            }
            switch step {
            case .nothing: return .success(())
            case .apply(let own):
                let changes = own.changes.filter { kinds.contains($0.kind) }
                if !changes.isEmpty { try await apply(.changes(changes)) }
                places.withLock { $0[tenant]?.number = own.numbers.upperBound }
                return .success(())
            case .ask: break
            }
            guard let store = try await store.tenant(tenant) else {
                // A snapshot that is gone has no documents.
                if number != nil { try await apply(.all([])) }
                places.withLock {
                    $0[tenant]?.number = nil
                    $0[tenant]?.again = []
                }
                return .success(())
            }
            let page = try await store.feed(after: number, of: Set(kinds))
            if !page.isComplete {
                var documents: [Document] = []
                for kind in kinds { documents += try await store.documents(kind) }
                try await apply(.all(documents))
            } else {
                var changes = page.changes
                let told = Set(changes.map { FollowedTenant.Name(kind: $0.kind, id: $0.id) })
                for name in again.subtracting(told) {
                    let document = try await store.document(name.kind, id: name.id)
                    changes.append(.init(kind: name.kind, id: name.id, document: document))
                }
                if !changes.isEmpty { try await apply(.changes(changes)) }
            }
            places.withLock {
                $0[tenant]?.number = page.number
                $0[tenant]?.again.subtract(again)
            }
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    private func finish(_ tenant: TenantName?, hasFailed: Bool) {
        // This comes before the next round can begin, so that an old result never replaces a newer one.
        noteBehind(tenant, hasFailed)
        places.withLock { places in
            guard var place = places[tenant] else { return }
            place.end(hasFailed: hasFailed)
            let isUnknown = place.number == nil && place.current == nil && !hasFailed
            places[tenant] = isUnknown ? nil : place
        }
    }

    /// Tenants whose feed could not be read or applied the last time.
    var tenantsBehind: [TenantName?] {
        places.withLock { $0.filter(\.value.isBehind).map(\.key) }
    }

    /// Whether all changes are applied that callers of this process have told of.
    func isUpToDate(with tenant: TenantName?) -> Bool {
        places.withLock { places in
            places[tenant].map { $0.number != nil && !$0.isBehind } ?? false
        }
    }

    /// The number of the last change of the tenant that was applied; nil when nothing is known yet.
    func number(of tenant: TenantName?) -> Int64? { places.withLock { $0[tenant]?.number } }

    /// Has everything read anew the next time.
    func forget(_ tenant: TenantName?) { places.withLock { $0[tenant]?.number = nil } }
}

extension Result {
    fileprivate var hasFailed: Bool { if case .failure = self { true } else { false } }
}
