package import ContextModel
package import Governance
package import Storage
import Synchronization

/// Keeps `@context` documents: those clients gave, those the hub made, and copies of those fetched,
/// so that a restart in a place without internet finds them (clause 5.13).
///
/// They belong to the hub, not to a tenant, and lie in the default tenant's store. A copy that was
/// fetched for nobody in particular lies in memory alone.
package final class LDContextShelf: Sendable {
    /// Bytes of a document at most.
    static let maximumBytes = 1 << 20
    /// How long a copy counts as fresh (clause 5.13.1: a heuristic expiration time) when its server
    /// does not say, and within which bounds the server is believed.
    static let freshSeconds = 24 * 3_600
    static let believedSeconds = 300...7 * 24 * 3_600
    /// An implicitly created one that no subscription names goes after this time, if room is short.
    static let unusedSeconds = 3_600

    private let store: any Store
    private let source: any LDContextSource
    /// Where the outside reaches this hub, without a slash at the end.
    package let publicURL: String
    let clock: @Sendable () -> Timestamp
    private let makeIdentifier: @Sendable () -> String
    private let madeAt: Timestamp
    private let room = Mutex(LDContextRoom())

    package init(
        store: any Store,
        source: any LDContextSource,
        publicURL: String,
        clock: @escaping @Sendable () -> Timestamp,
        makeIdentifier: @escaping @Sendable () -> String
    ) {
        self.store = store
        self.source = source
        self.publicURL = publicURL
        self.clock = clock
        self.makeIdentifier = makeIdentifier
        madeAt = clock()
    }

    /// Reads what is kept: to be called once, before the first request.
    package func load() async throws {
        let documents = try await defaultStore().documents(.ldContext)
        let gone = room.withLock { room in
            documents.flatMap { document in
                StoredLDContext(document).map { room.put($0, bytes: document.body.count) } ?? []
            }
        }
        if !gone.isEmpty { try await keepOnDisk(nil, removing: gone) }
    }

    // MARK: Finding

    /// Every entry of the kind, oldest first.
    package func entries(_ kind: StoredLDContext.Kind?) -> [StoredLDContext] {
        room.withLock { $0.all }
            .filter { kind == nil || $0.kind == kind }
            .sorted { ($0.createdAt, $0.localID) < ($1.createdAt, $1.localID) }
    }

    /// The entry by its local identifier or its URL.
    package func entry(_ name: String) -> StoredLDContext? { room.withLock { $0.find(name) } }

    /// The document a URL leads to: kept here, or fetched and kept.
    ///
    /// A copy past its time still serves when its origin cannot be reached.
    package func document(
        at url: String,
        for party: Party
    ) async throws(LDContextError) -> StoredLDContext {
        guard var entry = entry(url) else { return try await fetch(url, for: party) }
        if let expiresAt = entry.expiresAt, expiresAt <= clock() {
            do {
                return try await fetch(url, instead: entry, for: party)
            } catch {
                // Its server is asked again in a while, not by each request until then.
                entry.expiresAt = clock().adding(seconds: Self.believedSeconds.lowerBound)
                await keepCopy(entry)
            }
        } else if entry.owner == .anonymous && party != .anonymous {
            entry.owner = party
            await keepCopy(entry)
        }
        return entry
    }

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

    // MARK: Keeping

    /// Adds what a client gave (clause 5.13.2).
    func host(
        _ context: JSONValue,
        for party: Party,
        of tenant: TenantName? = nil
    ) async throws -> StoredLDContext {
        var entry = ownEntry(.hosted, context, party)
        entry.tenant = tenant
        return try await keep(entry) {
            "The hub hosts no more @contexts, of which it has room for "
                + "\(LDContextRoom.maximumOfAKind) and \(LDContextRoom.maximumBytes) bytes; delete "
                + "one."
        }
    }

    /// Gives an `@context` that has no single URL one of the hub's own.
    ///
    /// When there is no room, those go that are not `inUse`.
    func createImplicitly(
        _ context: JSONValue,
        for party: Party,
        inUse: () -> Set<String>
    ) async throws -> StoredLDContext {
        let all = entries(.implicitlyCreated)
        if let same = all.first(where: { $0.body.objectValue?["@context"] == context }) {
            return same
        }
        let entry = ownEntry(.implicitlyCreated, context, party)
        let bytes = entry.document.body.count
        if !room.withLock({ $0.hasRoom(for: entry.kind, bytes: bytes) }) {
            let used = inUse()
            let latest = clock().adding(seconds: -Self.unusedSeconds)
            for old in all where old.createdAt < latest && !used.contains(old.url) {
                try await remove(old)
            }
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
            url: "\(publicURL)/ngsi-ld/v1/jsonldContexts/\(id)",
            kind: kind,
            body: ["@context": context],
            createdAt: clock(),
            owner: party
        )
    }

    /// Fetches a document and takes it in place of the old copy (clause 5.13.5 `reload`).
    @discardableResult
    func fetch(
        _ url: String,
        instead old: StoredLDContext? = nil,
        for party: Party
    ) async throws(LDContextError) -> StoredLDContext {
        guard room.withLock({ $0.beginFetch(party) }) else {
            throw LDContextError(
                .unavailable,
                "The hub fetches too many @contexts at this moment to fetch '\(url)'."
            )
        }
        defer { room.withLock { $0.endFetch(party) } }
        let document = try await source.document(at: url)
        guard let context = document.body.objectValue?["@context"] else {
            throw LDContextError(.invalid, "The document at '\(url)' has no @context.")
        }
        let (said, believed) = (document.freshSeconds ?? Self.freshSeconds, Self.believedSeconds)
        let fresh = min(max(said, believed.lowerBound), believed.upperBound)
        let now = clock()
        let entry = StoredLDContext(
            localID: old?.localID ?? makeIdentifier(),
            url: url,
            kind: .cached,
            body: ["@context": context],
            createdAt: now,
            expiresAt: now.adding(seconds: fresh),
            owner: old.map { $0.owner == .anonymous ? party : $0.owner } ?? party
        )
        await keepCopy(entry)
        return entry
    }

    /// Keeps a copy, on disk too if it is somebody's.
    private func keepCopy(_ entry: StoredLDContext) async {
        let document = entry.document
        let gone = room.withLock { $0.put(entry, bytes: document.body.count) }
        let stays = entry.owner != .anonymous && !gone.contains { $0.localID == entry.localID }
        let onDisk = gone.filter { $0.owner != .anonymous }
        guard stays || !onDisk.isEmpty else { return }
        do {
            try await keepOnDisk(stays ? document : nil, removing: onDisk)
        } catch {
            // What was fetched is good also when the disk is full.
        }
    }

    private func keepOnDisk(_ document: Document?, removing gone: [StoredLDContext]) async throws {
        try await defaultStore().bookkeep { transaction in
            for entry in gone {
                _ = try transaction.removeDocument(.ldContext, id: entry.localID)
            }
            if let document { try transaction.put(document) }
        }
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
        let isKept = room.withLock { room in
            guard room.hasRoom(for: entry.kind, bytes: document.body.count) else { return false }
            return room.put(entry, bytes: document.body.count).isEmpty
        }
        guard isKept else { throw BrokerError(.overloaded, refusal()) }
        do {
            try await keepOnDisk(document, removing: [])
        } catch {
            room.withLock { $0.remove(entry) }
            throw error
        }
        return entry
    }

    func remove(_ entry: StoredLDContext) async throws {
        try await keepOnDisk(nil, removing: [entry])
        room.withLock { $0.remove(entry) }
    }

    private func defaultStore() async throws -> any TenantStore {
        try await store.makeTenant(nil)
    }
}

extension Timestamp {
    fileprivate func adding(seconds: Int) -> Timestamp {
        Timestamp(microseconds: microseconds + Int64(seconds) * 1_000_000)
    }
}
