import ContextModel
import Logging
import Storage
import Synchronization

/// The context source registrations of all tenants in this process: a cache that follows the
/// change feed of the store.
package final class ContextSourceRegistry: Sendable {
    /// The registrations at one moment.
    struct View: Sendable {
        var index: RegistrationIndex
        /// The index has all changes up to this number of the change feed, and perhaps later ones.
        var number: Int64
    }
    private let following: DocumentFollower
    private let indexes = Mutex<[TenantName?: RegistrationIndex]>([:])
    private let isShared: Bool
    private let logger: Logger

    init(_ store: any Store, _ logger: Logger) {
        following = DocumentFollower(store, [.registration])
        isShared = store.isShared
        self.logger = logger
    }

    /// The registrations of the tenant, including expired ones that were not removed yet.
    ///
    /// It asks the store the first time, after a failure, and when other processes may have
    /// changed them. Throws the store's errors.
    func view(of tenant: TenantName?) async throws -> View {
        if isShared || !following.isUpToDate(with: tenant) { try await applyChanges(of: tenant) }
        // Read before the index, so that the index is not behind it.
        let number = following.number(of: tenant) ?? 0
        return View(index: indexes.withLock { $0[tenant] } ?? RegistrationIndex(), number: number)
    }

    /// Applies the changes made in the tenant before the call.
    ///
    /// Call it after changing registrations, before answering, and after removing a snapshot with
    /// its registrations. `own` is what the change added to the feed, if it is known. When the
    /// store fails, the change stays stored, and the next caller of `view` reads it.
    func catchUp(with tenant: TenantName?, own: OwnChanges? = nil) async {
        do { try await applyChanges(of: tenant, own: own) } catch {
            logger.error("Registrations cannot be read; the next request tries again: \(error)")
        }
    }

    private func applyChanges(of tenant: TenantName?, own: OwnChanges? = nil) async throws {
        try await following.catchUp(with: tenant, own: own) { [self] in apply($0, tenant) }
    }

    private func apply(_ news: DocumentFollower.News, _ tenant: TenantName?) {
        // Outside the lock, because reading many takes long.
        let changes: [ChangeFeedPage.Change] =
            switch news {
            case .all(let documents):
                documents.map { .init(kind: $0.kind, id: $0.id, document: $0) }
            case .changes(let changes): changes
            }
        let kept = changes.map { ($0.id, $0.document.flatMap(read)) }
        indexes.withLock { indexes in
            if case .all = news { indexes[tenant] = nil }
            for (id, kept) in kept {
                if let kept {
                    indexes[tenant, default: RegistrationIndex()].put(kept)
                } else {
                    indexes[tenant]?.remove(id)
                }
            }
        }
    }

    /// Reads the registration; nil, with a message in the log, when it is damaged.
    private func read(_ document: Document) -> KeptRegistration? {
        let kept = RegistrationRecord(document).flatMap { KeptRegistration($0) }
        if kept == nil { logger.error("The registration '\(document.id)' is damaged.") }
        return kept
    }
}
