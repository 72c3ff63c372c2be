import ContextModel
import Logging
import Storage

/// Keeps the `LDContextCache` in step with the store, by the change feed.
///
/// All `@context`s are in the default tenant's store.
package final class LDContextFollower: Sendable {
    private let documents: DocumentFollower
    private let store: any Store
    private let cache: LDContextCache
    private let logger: Logger

    init(_ store: any Store, _ cache: LDContextCache, _ logger: Logger) {
        documents = DocumentFollower(store, [.ldContext])
        self.store = store
        self.cache = cache
        self.logger = logger
    }

    /// Reads the stored `@context`s: call it once, before the first request.
    func load() async throws {
        documents.forget(nil)
        try await applyChanges()
    }

    /// Applies the changes made in the store before the call, by this process or another.
    ///
    /// An error is logged; the next call tries again.
    func catchUp() async {
        do { try await applyChanges() } catch {
            logger.error("Changes of @contexts are not in force yet: \(error)")
        }
    }

    /// Whether changes could not be applied in the last round.
    var isBehind: Bool { !documents.tenantsBehind.isEmpty }

    /// Applies the changes like `catchUp`, and throws when that fails.
    func applyChanges() async throws {
        try await documents.catchUp(with: nil) { [self] in try await apply($0) }
    }

    private func apply(_ news: DocumentFollower.News) async throws {
        switch news {
        case .all(let all): cache.forget(except: Set(all.map(\.id)))
        case .changes(let changes):
            for change in changes where change.document == nil { cache.forget(localID: change.id) }
        }
        let entries = news.documents.compactMap { document in
            StoredLDContext(document).map { (entry: $0, bytes: document.body.count) }
        }
        // Of two copies of a URL the newer one stays.
        let gone = cache.follow(entries.sorted { $0.entry.createdAt < $1.entry.createdAt })
        if !gone.isEmpty { try await store.removeLDContexts(gone) }
    }
}

extension Store {
    /// Removes from the store those that it has as they are here, or older.
    func removeLDContexts(_ gone: [StoredLDContext]) async throws {
        let keys = gone.map { DocumentKey.document(.ldContext, id: $0.localID) }
        try await makeTenant(nil).changeDocuments(reading: keys) { changes in
            for entry in gone {
                let stored = try changes.document(.ldContext, id: entry.localID)
                    .flatMap { StoredLDContext($0) }
                guard stored.map(entry.isNoOlder) ?? true else { continue }
                changes.remove(.ldContext, id: entry.localID)
            }
        }
    }
}
