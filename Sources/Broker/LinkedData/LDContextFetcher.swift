import ContextModel
import Governance
import Storage
import Synchronization

/// Gets the document of a URL: from the cache, or by fetching and storing it.
final class LDContextFetcher: Sendable {
    /// The most fetches at once.
    static let maximumFetches = 32
    /// How long a copy is fresh when its server does not say (clause 5.13.1: a heuristic
    /// expiration time), and the bounds for what a server says.
    static let freshSeconds = 24 * 3_600
    static let believedSeconds = 300...7 * 24 * 3_600

    /// Keeps the documents.
    let store: LDContextStore
    private let source: any LDContextSource
    private let fetches = Mutex(PartyShares(capacity: maximumFetches))
    private var clock: HubClock { store.clock }

    init(_ store: LDContextStore, _ source: any LDContextSource) {
        self.store = store
        self.source = source
    }

    /// The document of the URL, from the cache or fetched and stored.
    ///
    /// An expired copy is still used when its origin cannot be reached, or must not be asked.
    func document(
        at url: String,
        for sharer: Sharer,
        mayFetch: Bool = true
    ) async throws(LDContextError) -> StoredLDContext {
        if store.entry(url) == nil { await store.follower.catchUp() }
        guard let entry = store.entry(url) else {
            guard mayFetch else {
                throw LDContextError(
                    .unavailable,
                    "The @context '\(url)' is not available on this hub."
                )
            }
            return try await fetch(url, for: sharer)
        }
        if mayFetch, let expiresAt = entry.expiresAt, expiresAt <= clock() {
            return await renewed(entry, for: sharer)
        }
        guard entry.kind == .cached, entry.owner == .anonymous, sharer.party != .anonymous
        else {
            return entry
        }
        return await store.changeCopy(entry) { $0.owner = sharer.party }
    }

    /// Fetches a document in place of the old copy (clause 5.13.5 `reload`).
    func reload(_ url: String, for sharer: Sharer) async throws(LDContextError) {
        _ = try await fetch(url, for: sharer)
        store.cache.noteChange()
    }

    /// A newer copy; the old one when no newer one can be fetched.
    private func renewed(_ old: StoredLDContext, for sharer: Sharer) async -> StoredLDContext {
        // When the hub fetches too many, the next request may try again.
        guard begin(for: sharer) else { return old }
        defer { end(for: sharer) }
        do {
            return try await fetched(old.url, for: sharer)
        } catch {
            // Its server is asked again after a while, not by each request until then.
            let later = clock().adding(seconds: Self.believedSeconds.lowerBound)
            return await store.changeCopy(old) { $0.expiresAt = later }
        }
    }

    private func fetch(
        _ url: String,
        for sharer: Sharer
    ) async throws(LDContextError) -> StoredLDContext {
        guard begin(for: sharer) else {
            throw LDContextError(
                .unavailable,
                "The hub fetches too many @contexts at this moment to fetch '\(url)'."
            )
        }
        defer { end(for: sharer) }
        return try await fetched(url, for: sharer)
    }

    private func fetched(
        _ url: String,
        for sharer: Sharer
    ) async throws(LDContextError) -> StoredLDContext {
        let document = try await source.document(at: url, for: sharer)
        guard let context = document.body.objectValue?["@context"] else {
            throw LDContextError(.invalid, "The document at '\(url)' has no @context.")
        }
        let (said, believed) = (document.freshSeconds ?? Self.freshSeconds, Self.believedSeconds)
        let fresh = min(max(said, believed.lowerBound), believed.upperBound)
        let now = clock()
        return await store.keepCopy(
            StoredLDContext(
                localID: store.makeIdentifier(),
                url: url,
                redirectedTo: document.redirectedTo,
                kind: .cached,
                body: ["@context": context],
                createdAt: now,
                expiresAt: now.adding(seconds: fresh),
                owner: sharer.party
            )
        )
    }

    // MARK: Fetches in progress

    /// Reserves a fetch for the sharer; false when it has its full share.
    ///
    /// Call `end` afterwards.
    func begin(for sharer: Sharer) -> Bool { fetches.withLock { $0.takeIfFair(sharer) } }

    func end(for sharer: Sharer) { fetches.withLock { $0.giveBack(sharer) } }
}
