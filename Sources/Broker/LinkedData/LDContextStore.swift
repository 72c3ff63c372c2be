import ContextModel
import Governance
import Logging
import Storage
import Synchronization

/// Keeps `@context` documents: those clients gave, those the hub made, and copies of those fetched,
/// so that a restart in a place without internet finds them (clause 5.13).
///
/// Those hosted belong to the tenant they were given for, all others to the hub; all lie in the
/// default tenant's store. A copy that was fetched for nobody in particular lies in memory alone.
package final class LDContextStore: Sendable {
    /// Bytes of a document at most.
    static let maximumBytes = 1 << 20
    /// An implicitly created one that no subscription names goes after this time, if room is short.
    static let unusedSeconds = 3_600

    /// What of it is in memory.
    let cache = LDContextCache()
    /// Brings into memory what is stored.
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

    /// Tells where the outside reaches this hub, without a slash at the end, when only listening has
    /// shown it (a port that the system chose): what is hosted from now on has it in its URL.
    package func serve(at url: String) { publicURL.withLock { $0 = url } }

    // MARK: Finding

    /// Every entry of the kind, oldest first.
    package func entries(_ kind: StoredLDContext.Kind?) -> [StoredLDContext] {
        cache.all.filter { kind == nil || $0.kind == kind }
            .sorted { ($0.createdAt, $0.localID) < ($1.createdAt, $1.localID) }
    }

    /// The entry by its local identifier or its URL.
    package func entry(_ name: String) -> StoredLDContext? { cache.find(name) }

    /// What is known of the core `@context`: it counts as a copy that never grows old.
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

    /// Adds what a client gave (clause 5.13.2).
    func host(
        _ context: JSONValue,
        for party: Party,
        of tenant: TenantName? = nil
    ) async throws -> StoredLDContext {
        var entry = ownEntry(.hosted, context, party)
        entry.tenant = tenant
        return try await keep(entry) {
            "The hub hosts no more @contexts of yours: all parties share room for "
                + "\(LDContextCache.maximumOfAKind) and \(LDContextCache.maximumBytes) bytes; delete "
                + "one."
        }
    }

    /// Gives an `@context` that has no single URL one of the hub's own.
    ///
    /// When there is no room, those go that are not `inUse` and were given to nobody lately.
    func createImplicitly(
        _ context: JSONValue,
        for party: Party,
        inUse: () async throws -> Set<String>
    ) async throws -> StoredLDContext {
        let now = clock()
        if let same = cache.hand(context, at: now) { return same }
        let entry = ownEntry(.implicitlyCreated, context, party)
        let bytes = entry.document.body.count
        if !cache.hasRoom(for: entry, bytes: bytes) {
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

    /// Keeps one of the hub's own; throws what `refusal` says when there is no room for it.
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

    /// Removes what was read so; a copy renewed meanwhile stays.
    func remove(_ entry: StoredLDContext) async throws {
        let key = DocumentKey.document(.ldContext, id: entry.localID)
        try await defaultStore().changeDocuments(reading: [key]) { changes in
            let kept = try changes.document(.ldContext, id: entry.localID)
                .flatMap { StoredLDContext($0) }
            guard kept?.createdAt == entry.createdAt else { return }
            changes.remove(.ldContext, id: entry.localID)
        }
        await follower.catchUp()
        // One that the store never had.
        cache.remove(entry)
        cache.noteChange()
    }

    // MARK: Copies

    /// Keeps a copy that was fetched, in the store too if it is somebody's; returns it as it is kept.
    func keepCopy(_ fetched: StoredLDContext) async -> StoredLDContext {
        let (kept, gone) = cache.put(fetched, bytes: fetched.document.body.count)
        await settle(gone + [kept])
        return kept
    }

    /// Changes a copy if it is still kept as it was read; returns what there is now.
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

    /// Brings the store in step with the copies here.
    private func settle(_ copies: [StoredLDContext]) async {
        let copies = copies.filter { $0.owner != .anonymous }
        guard !copies.isEmpty else { return }
        do { try await turns.take { [self] in try await write(copies) } } catch {
            // What was fetched is good also when the disk is full.
            logger.warning("Copies of @contexts cannot be kept on disk: \(error)")
        }
        await follower.catchUp()
    }

    /// Writes the copies as they are here, and removes those that are not here any more.
    ///
    /// What another process has written meanwhile and is later stays: the feed brings it here.
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
