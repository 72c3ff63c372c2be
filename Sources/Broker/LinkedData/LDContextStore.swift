import ContextModel
import Governance
import Logging
import Storage
import Synchronization

/// Stores `@context` documents (clause 5.13): those that clients gave, those that the hub created,
/// and copies of fetched ones, so that a restart without Internet access finds them.
///
/// Hosted documents belong to the tenant for which they were given, all others to the hub; all are
/// in the default tenant's store. Copies that were fetched for the anonymous party are in memory
/// alone.
package final class LDContextStore: Sendable {
    /// The most bytes of a document.
    static let maximumBytes = 1 << 20
    /// When places are few, an implicitly created document that no subscription names is removed
    /// after this time.
    static let unusedSeconds = 3_600

    /// The documents in memory.
    let cache = LDContextCache()
    /// Reads into memory what is stored.
    let follower: LDContextFollower
    private let store: any Store
    private let publicURL: Mutex<String>
    let clock: HubClock
    let makeIdentifier: @Sendable () -> String
    private let logger: Logger
    private let madeAt: Timestamp
    private let turns = Turns()

    init(
        _ store: any Store,
        publicURL: String,
        clock: HubClock,
        makeIdentifier: @escaping @Sendable () -> String,
        logger: Logger
    ) {
        self.store = store
        follower = LDContextFollower(store, cache, logger)
        self.publicURL = Mutex(publicURL)
        self.clock = clock
        self.makeIdentifier = makeIdentifier
        self.logger = logger
        madeAt = clock()
    }

    /// Sets the address of this hub for the outside, without a slash at the end, when it is known
    /// only after listening (a port that the system chose).
    ///
    /// URLs of documents hosted from now on have it.
    package func serve(at url: String) { publicURL.withLock { $0 = url } }

    // MARK: Finding

    /// Every entry of the kind, oldest first.
    package func entries(_ kind: StoredLDContext.Kind?) -> [StoredLDContext] {
        cache.all.filter { kind == nil || $0.kind == kind }
            .sorted { ($0.createdAt, $0.localID) < ($1.createdAt, $1.localID) }
    }

    /// The entry with this local identifier or URL.
    package func entry(_ name: String) -> StoredLDContext? { cache.find(name) }

    /// Information about the core `@context`, which counts as a copy that never expires.
    package func core(_ url: String) -> StoredLDContext {
        StoredLDContext(
            localID: url,
            url: url,
            kind: .cached,
            body: CoreContext.document,
            createdAt: madeAt,
            owner: .operator
        )
    }

    // MARK: The hub's own

    /// Adds a document that a client gave (clause 5.13.2).
    func host(
        _ context: JSONValue,
        for party: Party,
        of tenant: TenantName? = nil
    ) async throws -> StoredLDContext {
        var entry = ownEntry(.hosted, context, party)
        entry.tenant = tenant
        return try await keep(entry) {
            "The hub hosts no more @contexts of yours: all parties share "
                + "\(LDContextCache.maximumOfAKind) and \(LDContextCache.maximumBytes) bytes; delete "
                + "one."
        }
    }

    /// Creates an `@context` of the hub's own for one that has no single URL.
    ///
    /// When there is no place, those are removed that are not `inUse` and were given to nobody
    /// lately.
    func createImplicitly(
        _ context: JSONValue,
        for party: Party,
        inUse: () async throws -> Set<String>
    ) async throws -> StoredLDContext {
        let now = clock()
        if let same = cache.hand(context, at: now) { return same }
        let entry = ownEntry(.implicitlyCreated, context, party)
        let bytes = entry.document.body.count
        if !cache.fits(entry, bytes: bytes) {
            try await removeUnused(inUse)
        }
        return try await keep(entry) {
            "The hub makes no more URLs for @contexts; put this one where it has a URL of its own."
        }
    }

    private func ownEntry(
        _ kind: StoredLDContext.Kind,
        _ context: JSONValue,
        _ party: Party
    ) -> StoredLDContext {
        let id = makeIdentifier()
        return StoredLDContext(
            localID: id,
            url: "\(publicURL.withLock { $0 })/ngsi-ld/v1/jsonldContexts/\(id)",
            kind: kind,
            body: ["@context": context],
            createdAt: clock(),
            owner: party
        )
    }

    private func removeUnused(_ inUse: () async throws -> Set<String>) async throws {
        let now = clock()
        let latest = now.adding(seconds: -Self.unusedSeconds)
        guard cache.mayHaveUnused(since: latest) else { return }
        let used = try await inUse()
        let gone = cache.withdrawUnused(since: latest, inUse: used, now: now)
        guard !gone.isEmpty else { return }
        do { try await store.removeLDContexts(gone) } catch {
            cache.restore(gone)
            throw error
        }
        await follower.catchUp()
    }

    /// Stores one of the hub's own; throws the error of `refusal` when there is no place for it.
    private func keep(
        _ entry: StoredLDContext,
        refusal: () -> String
    ) async throws -> StoredLDContext {
        let document = entry.document
        guard document.body.count <= Self.maximumBytes else {
            throw BrokerError(
                .payloadTooLarge,
                "An @context has \(Self.maximumBytes) bytes at most."
            )
        }
        guard cache.reserve(entry, bytes: document.body.count) else {
            throw BrokerError(.overloaded, refusal())
        }
        do {
            try await defaultStore().changeDocuments(reading: []) { $0.put(document) }
        } catch {
            cache.release(entry)
            throw error
        }
        await follower.catchUp()
        return entry
    }

    /// Removes an entry; a copy that was renewed after it was read stays.
    func remove(_ entry: StoredLDContext) async throws {
        let key = DocumentKey.document(.ldContext, id: entry.localID)
        try await defaultStore().changeDocuments(reading: [key]) { changes in
            let kept = try changes.document(.ldContext, id: entry.localID)
                .flatMap { StoredLDContext($0) }
            guard kept?.createdAt == entry.createdAt else { return }
            changes.remove(.ldContext, id: entry.localID)
        }
        await follower.catchUp()
        // This copy was never in the store.
        cache.remove(entry)
        cache.noteChange()
    }

    // MARK: Copies

    /// Stores a copy that was fetched, only in memory if it is for the anonymous party; returns it
    /// as it is stored.
    func keepCopy(_ fetched: StoredLDContext) async -> StoredLDContext {
        let (kept, gone) = cache.put(fetched, bytes: fetched.document.body.count)
        await settle(gone + [kept])
        return kept
    }

    /// Changes a copy if it is still as it was read; returns the present one.
    func changeCopy(
        _ read: StoredLDContext,
        _ change: (inout StoredLDContext) -> Void
    ) async -> StoredLDContext {
        var new = read
        change(&new)
        let (now, gone) = cache.replace(read, with: new, bytes: new.document.body.count)
        if let gone { await settle(gone + [new]) }
        return now
    }

    /// Updates the copies in the store from those here.
    private func settle(_ copies: [StoredLDContext]) async {
        let copies = copies.filter { $0.owner != .anonymous }
        guard !copies.isEmpty else { return }
        do { try await turns.take { [self] in try await write(copies) } } catch {
            // What was fetched can be used even when the disk is full.
            logger.warning("Copies of @contexts cannot be kept on disk: \(error)")
        }
        await follower.catchUp()
    }

    /// Writes the copies as they are here, and removes those that are not here any more.
    ///
    /// A later copy that another process has written stays: the feed brings it here.
    private func write(_ copies: [StoredLDContext]) async throws {
        let kept = cache.current(copies)
        let documents = kept.map { $0?.document }
        let keys = copies.map { DocumentKey.document(.ldContext, id: $0.localID) }
        try await defaultStore().changeDocuments(reading: keys) { changes in
            for (index, copy) in copies.enumerated() {
                let stored = try changes.document(.ldContext, id: copy.localID)
                    .flatMap { StoredLDContext($0) }
                guard stored.map((kept[index] ?? copy).isNoOlder) ?? true else { continue }
                if let document = documents[index] {
                    changes.put(document)
                } else {
                    changes.remove(.ldContext, id: copy.localID)
                }
            }
        }
    }

    private func defaultStore() async throws -> any TenantStore {
        try await store.makeTenant(nil)
    }
}

extension Timestamp {
    func adding(seconds: Int) -> Timestamp {
        Timestamp(microseconds: microseconds + Int64(seconds) * 1_000_000)
    }
}
