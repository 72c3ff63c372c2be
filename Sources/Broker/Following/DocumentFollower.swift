import ContextModel
import Storage
import Synchronization

/// Follows the change feeds of tenants for one cache of this process.
///
/// The cache changes only by what this follower applies. It applies one page of a tenant after the
/// other, so that the cache never returns to an older state of a document. A caller that has
/// changed a document catches up before it answers. Changes of other processes are read at
/// intervals (`Following.followChanges`).
final class DocumentFollower: Sendable {
    /// What the follower passes to a cache.
    enum News: Sendable {
        /// All documents: at the start, and when the feed does not go back far enough.
        case all([Document])
        /// The documents that changed, with their present content.
        case changes([ChangeFeedPage.Change])

        /// The documents with their present content.
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
    private let numerous: Set<Document.Kind>
    private let noteFailure: @Sendable (TenantName?, Bool) -> Void

    /// Documents of `numerous` kinds are missing in `News.all`: its receiver reads them itself, in portions.
    ///
    /// After each round, `noteFailure` is called with the tenant, and with true if the feed could
    /// not be read or applied.
    init(
        _ store: any Store,
        _ kinds: [Document.Kind],
        numerous: Set<Document.Kind> = [],
        noteFailure: @escaping @Sendable (TenantName?, Bool) -> Void = { _, _ in }
    ) {
        self.store = store
        self.kinds = kinds
        self.numerous = numerous
        self.noteFailure = noteFailure
    }

    /// Applies all changes that were made in the tenant before the call; returns when that is
    /// done.
    ///
    /// A caller that knows what its change added to the feed passes it as `own`; if that is the
    /// next page, the store is not asked. Throws the errors of the store and of `apply`; then the
    /// next round applies the same changes.
    func catchUp(
        with tenant: TenantName?,
        own: OwnChanges? = nil,
        _ apply: @escaping @Sendable (News) async throws -> Void
    ) async throws {
        switch places.withLock({ $0[tenant, default: FollowedTenant()].enter(with: own) }) {
        case .isApplied: return
        case .waits(let round): try await round.wait()
        case .runs(let round, after: nil, isKnown: true) where !Task.isCancelled:
            // In the caller's task: mostly one caller changes one document and nobody else waits.
            try await run(round, of: tenant, apply).get()
        case .runs(let round, let previous, _):
            // Others wait for the round as well, so it must not be cancelled with this caller's
            // task.
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

    /// Notes what a change added to the feed, in the order of the feed.
    ///
    /// Of several callers that change documents at once, the first one to catch up applies the
    /// changes of all.
    func note(_ own: OwnChanges, of tenant: TenantName?) {
        places.withLock { $0[tenant, default: FollowedTenant()].note(own) }
    }

    /// Includes the document in the next page, even if it does not change.
    func repeatDocument(_ kind: Document.Kind, id: String, of tenant: TenantName?) {
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
                // A snapshot that was removed has no documents.
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
                for kind in kinds where !numerous.contains(kind) {
                    documents += try await store.documents(kind)
                }
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
        // Before the next round can begin, so that an old result never replaces a newer one.
        noteFailure(tenant, hasFailed)
        places.withLock { places in
            guard var place = places[tenant] else { return }
            place.end(hasFailed: hasFailed)
            let isUnknown = place.number == nil && place.current == nil && !hasFailed
            places[tenant] = isUnknown ? nil : place
        }
    }

    /// The tenants whose feed could not be read or applied in the last round.
    var tenantsBehind: [TenantName?] {
        places.withLock { $0.filter(\.value.isBehind).map(\.key) }
    }

    /// Whether all changes that callers of this process have noted are applied.
    func isUpToDate(with tenant: TenantName?) -> Bool {
        places.withLock { places in
            places[tenant].map { $0.number != nil && !$0.isBehind } ?? false
        }
    }

    /// The number of the last change that was applied; nil when nothing is known yet.
    func number(of tenant: TenantName?) -> Int64? { places.withLock { $0[tenant]?.number } }

    /// Reads everything again in the next round.
    func forget(_ tenant: TenantName?) { places.withLock { $0[tenant]?.number = nil } }
}

extension Result {
    fileprivate var hasFailed: Bool { if case .failure = self { true } else { false } }
}
