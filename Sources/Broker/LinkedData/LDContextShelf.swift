package import ContextModel
package import Governance
package import Logging
package import Storage
import Synchronization

/// Keeps `@context` documents: those clients gave, those the hub made, and copies of those fetched,
/// so that a restart in a place without internet finds them (clause 5.13).
///
/// Those hosted belong to the tenant they were given for, all others to the hub; all lie in the
/// default tenant's store. A copy that was fetched for nobody in particular lies in memory alone.
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
    private let publicURL: Mutex<String>
    let clock: HubClock
    private let makeIdentifier: @Sendable () -> String
    private let logger: Logger
    private let madeAt: Timestamp
    private let room = Mutex(LDContextRoom())
    private let following: DocumentFollower
    private let number = Atomic(0)
    private let turns = Turns()

    package init(
        store: any Store,
        source: any LDContextSource,
        publicURL: String,
        clock: HubClock,
        makeIdentifier: @escaping @Sendable () -> String,
        logger: Logger
    ) {
        self.store = store
        following = DocumentFollower(store, [.ldContext])
        self.source = source
        self.publicURL = Mutex(publicURL)
        self.clock = clock
        self.makeIdentifier = makeIdentifier
        self.logger = logger
        madeAt = clock()
    }

    /// Tells where the outside reaches this hub, without a slash at the end, when only listening has
    /// shown it (a port that the system chose): what is hosted from now on has it in its URL.
    package func serve(at url: String) { publicURL.withLock { $0 = url } }

    // MARK: Following the store

    /// Reads what is kept: to be called once, before the first request.
    package func load() async throws {
        following.forget(nil)
        try await applyChanges()
    }

    /// Applies what was changed in the store before the call, by this process or another.
    func catchUp() async {
        do { try await applyChanges() } catch {
            logger.error("Changes of @contexts are not in force yet: \(error)")
        }
    }

    /// Whether what was changed could not be applied the last time.
    var isBehind: Bool { !following.tenantsBehind.isEmpty }

    /// Another number each time a document may say something else under its URL, or is none any more.
    var documentsNumber: Int { number.load(ordering: .acquiring) }

    private func noteOtherDocuments() { number.add(1, ordering: .acquiringAndReleasing) }

    /// The same, and throws when it cannot be done: the next call tries it again.
    func applyChanges() async throws {
        try await following.catchUp(with: nil) { [self] in try await apply($0) }
    }

    private func apply(_ news: DocumentFollower.News) async throws {
        let documents: [Document]
        switch news {
        case .all(let all):
            documents = all
            room.withLock { $0.forget(except: Set(all.map(\.id))) }
            noteOtherDocuments()
        case .changes(let changes):
            documents = changes.compactMap(\.document)
            for change in changes where change.document == nil {
                let gone = room.withLock { $0.forget(localID: change.id) }
                if gone != nil { noteOtherDocuments() }
            }
        }
        let entries = documents.compactMap { document in
            StoredLDContext(document).map { (entry: $0, bytes: document.body.count) }
        }
        // Of two copies of a URL the newer one stays.
        let inOrder = entries.sorted { $0.entry.createdAt < $1.entry.createdAt }
        let gone = room.withLock { room in
            inOrder.flatMap { element in
                let known = room.copy(element.entry.url)
                defer {
                    if let known, known.body != room.copy(known.url)?.body { noteOtherDocuments() }
                }
                return room.follow(element.entry, bytes: element.bytes)
            }
        }
        if !gone.isEmpty { try await removeFromDisk(gone) }
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
    /// A copy past its time still serves when its origin cannot be reached, or is not to be asked.
    package func document(
        at url: String,
        for sharer: Sharer,
        mayFetch: Bool = true
    ) async throws(LDContextError) -> StoredLDContext {
        if entry(url) == nil { await catchUp() }
        guard let entry = entry(url) else {
            guard mayFetch else {
                throw LDContextError(.unavailable, "The @context '\(url)' is not at hand.")
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
        return await change(entry) { $0.owner = sharer.party }
    }

    /// A newer copy; the old one when there is none to be had.
    private func renewed(_ old: StoredLDContext, for sharer: Sharer) async -> StoredLDContext {
        // When the hub fetches too many, the next request may try again.
        guard room.withLock({ $0.beginFetch(sharer) }) else { return old }
        defer { room.withLock { $0.endFetch(sharer) } }
        do {
            return try await fetched(old.url, for: sharer)
        } catch {
            // Its server is asked again in a while, not by each request until then.
            let later = clock().adding(seconds: Self.believedSeconds.lowerBound)
            return await change(old) { $0.expiresAt = later }
        }
    }

    /// Changes a copy if it is still kept as it was read; returns what there is now.
    private func change(
        _ read: StoredLDContext,
        _ change: (inout StoredLDContext) -> Void
    ) async -> StoredLDContext {
        var changed = read
        change(&changed)
        let (new, bytes) = (changed, changed.document.body.count)
        let outcome = room.withLock { room -> (now: StoredLDContext, touched: [StoredLDContext]) in
            guard let kept = room.copy(read.url) else { return (read, []) }
            guard kept == read else { return (kept, []) }
            return (new, room.put(new, bytes: bytes) + [new])
        }
        await settle(outcome.touched)
        return outcome.now
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
            "The hub hosts no more @contexts of yours: all parties share room for "
                + "\(LDContextRoom.maximumOfAKind) and \(LDContextRoom.maximumBytes) bytes; delete "
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
        if let same = room.withLock({ $0.hand(context, at: now) }) { return same }
        let entry = ownEntry(.implicitlyCreated, context, party)
        let bytes = entry.document.body.count
        if !room.withLock({ $0.hasRoom(for: entry, bytes: bytes) }) {
            try await removeUnused(inUse)
        }
        return try await keep(entry) {
            "The hub makes no more URLs for @contexts; put this one where it has a URL of its own."
        }
    }

    private func removeUnused(_ inUse: () async throws -> Set<String>) async throws {
        let now = clock()
        let latest = now.adding(seconds: -Self.unusedSeconds)
        guard room.withLock({ $0.mayHaveUnused(since: latest) }) else { return }
        let used = try await inUse()
        let gone = room.withLock { $0.withdrawUnused(since: latest, inUse: used, now: now) }
        guard !gone.isEmpty else { return }
        do { try await removeFromDisk(gone) } catch {
            room.withLock { room in for entry in gone { room.publish(entry) } }
            throw error
        }
        await catchUp()
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

    /// Fetches a document and takes it in place of the old copy (clause 5.13.5 `reload`).
    func reload(_ url: String, for sharer: Sharer) async throws(LDContextError) {
        _ = try await fetch(url, for: sharer)
        noteOtherDocuments()
    }

    private func fetch(
        _ url: String,
        for sharer: Sharer
    ) async throws(LDContextError) -> StoredLDContext {
        guard room.withLock({ $0.beginFetch(sharer) }) else {
            throw LDContextError(
                .unavailable,
                "The hub fetches too many @contexts at this moment to fetch '\(url)'."
            )
        }
        defer { room.withLock { $0.endFetch(sharer) } }
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
        return await keepCopy(
            StoredLDContext(
                localID: makeIdentifier(),
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

    /// Keeps a copy, on disk too if it is somebody's; one of the URL that is there by now hands its
    /// identifier and its owner on, so that a URL never has two.
    ///
    /// It is the later one of the two, also where the clock of the process that fetched the other is
    /// ahead.
    private func keepCopy(_ copy: StoredLDContext) async -> StoredLDContext {
        let bytes = copy.document.body.count
        let (entry, gone) = room.withLock { room in
            var entry = copy
            if let old = room.copy(copy.url) {
                entry.localID = old.localID
                entry.follow(old)
                if old.owner != .anonymous { entry.owner = old.owner }
            }
            return (entry, room.put(entry, bytes: bytes))
        }
        await settle(gone + [entry])
        return entry
    }

    /// Brings the store in step with the copies here.
    private func settle(_ copies: [StoredLDContext]) async {
        let copies = copies.filter { $0.owner != .anonymous }
        guard !copies.isEmpty else { return }
        do { try await turns.take { [self] in try await write(copies) } } catch {
            // What was fetched is good also when the disk is full.
            logger.warning("Copies of @contexts cannot be kept on disk: \(error)")
        }
        await catchUp()
    }

    /// Writes the copies as they are here, and removes those that are not here any more.
    ///
    /// What another process has written meanwhile and is later stays: the feed brings it here.
    private func write(_ copies: [StoredLDContext]) async throws {
        let kept = room.withLock { room in
            copies.map { copy in
                room.copy(copy.url).flatMap { $0.localID == copy.localID ? $0 : nil }
            }
        }
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

    private func removeFromDisk(_ gone: [StoredLDContext]) async throws {
        let keys = gone.map { DocumentKey.document(.ldContext, id: $0.localID) }
        try await defaultStore().changeDocuments(reading: keys) { changes in
            for entry in gone {
                let stored = try changes.document(.ldContext, id: entry.localID)
                    .flatMap { StoredLDContext($0) }
                guard stored.map(entry.isNoOlder) ?? true else { continue }
                changes.remove(.ldContext, id: entry.localID)
            }
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
        guard room.withLock({ $0.reserve(entry, bytes: document.body.count) }) else {
            throw BrokerError(.overloaded, refusal())
        }
        do {
            try await defaultStore().changeDocuments(reading: []) { $0.put(document) }
        } catch {
            room.withLock { $0.release(entry) }
            throw error
        }
        await catchUp()
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
        await catchUp()
        // One that the store never had.
        room.withLock { $0.remove(entry) }
        noteOtherDocuments()
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
