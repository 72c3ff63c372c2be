import ContextModel
import Logging
import Storage
import Synchronization

/// The context source registrations of all tenants, as this process remembers them: read once, then
/// kept in step with the store by the change feed.
package final class ContextSourceRegistry: Sendable {
    /// The registrations of one moment.
    struct View: Sendable {
        var index: RegistrationIndex
        /// All changes up to this number of the change feed are in the index; later ones may be, too.
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

    /// The registrations of the tenant, those included that have expired and were not removed yet.
    ///
    /// Asks the store only where other processes may have changed them, the first time, and after a
    /// failure; throws what the store throws.
    func view(of tenant: TenantName?) async throws -> View {
        if isShared || !following.isUpToDate(with: tenant) { try await applyChanges(of: tenant) }
        // Read before the index is, so that the index is not behind it.
        let number = following.number(of: tenant) ?? 0
        return View(index: indexes.withLock { $0[tenant] } ?? RegistrationIndex(), number: number)
    }

    /// Applies what was changed in the tenant before the call: to be called by whoever changes
    /// registrations, before it answers, and by whoever removes a snapshot, with which its own go.
    ///
    /// `own` is what the change added to the feed, if that is known. When the store fails, the change is
    /// made all the same: whoever asks next asks the store.
    func catchUp(with tenant: TenantName?, own: OwnChanges? = nil) async {
        do { try await applyChanges(of: tenant, own: own) } catch {
            logger.error("A change of registrations is read again when somebody asks: \(error)")
        }
    }

    private func applyChanges(of tenant: TenantName?, own: OwnChanges? = nil) async throws {
        try await following.catchUp(with: tenant, own: own) { [self] in apply($0, tenant) }
    }

    private func apply(_ news: DocumentFollower.News, _ tenant: TenantName?) {
        // Read before the lock is taken, for reading many takes long.
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

    /// Returns nil and writes to the log when the registration is damaged.
    private func read(_ document: Document) -> KeptRegistration? {
        let kept = RegistrationRecord(document).flatMap { KeptRegistration($0) }
        if kept == nil { logger.error("The registration '\(document.id)' is damaged.") }
        return kept
    }
}
