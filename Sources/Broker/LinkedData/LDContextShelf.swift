package import ContextModel
package import Storage
import Synchronization

/// Keeps `@context` documents: those clients gave, those the hub made, and copies of those fetched,
/// so that a restart in a place without internet finds them (clause 5.13).
///
/// They belong to the hub, not to a tenant, and lie in the default tenant's store.
package final class LDContextShelf: LDContextSource {
    /// Documents of each kind kept at most; of the cached ones the oldest goes first.
    static let maximumOfAKind = 1_000
    /// Bytes of a document at most.
    static let maximumBytes = 1 << 20
    /// How long a copy counts as fresh (clause 5.13.1: a heuristic expiration time).
    static let freshMicroseconds: Int64 = 24 * 3_600_000_000

    private let store: any Store
    private let source: any LDContextSource
    /// Where the outside reaches this hub, without a slash at the end.
    package let publicURL: String
    private let clock: @Sendable () -> Timestamp
    private let makeIdentifier: @Sendable () -> String
    private let madeAt: Timestamp
    private let kept = Mutex<[String: StoredLDContext]>([:])

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
        let found = try await defaultStore().documents(.ldContext)
            .compactMap { StoredLDContext($0) }
        kept.withLock { kept in
            for entry in found { kept[entry.localID] = entry }
        }
    }

    // MARK: Finding

    /// Every entry of the kind, oldest first.
    package func entries(_ kind: StoredLDContext.Kind?) -> [StoredLDContext] {
        kept.withLock { Array($0.values) }
            .filter { kind == nil || $0.kind == kind }
            .sorted { ($0.createdAt, $0.localID) < ($1.createdAt, $1.localID) }
    }

    /// The entry by its local identifier or its URL.
    package func entry(_ name: String) -> StoredLDContext? {
        kept.withLock { kept in kept[name] ?? kept.values.first { $0.url == name } }
    }

    /// The document a URL leads to: kept here, or fetched and kept.
    ///
    /// A copy past its time still serves when its origin cannot be reached.
    package func document(at url: String) async throws(LDContextError) -> JSONValue {
        let old = entry(url)
        if let old, old.expiresAt.map({ clock() < $0 }) ?? true { return old.body }
        do {
            return try await fetch(url, instead: old).body
        } catch {
            guard let old else { throw error }
            return old.body
        }
    }

    /// What is known of the core `@context`: it counts as a copy that never grows old.
    package func core(_ url: String) -> StoredLDContext {
        StoredLDContext(
            localID: url,
            url: url,
            kind: .cached,
            body: CoreContext.document,
            createdAt: madeAt
        )
    }

    // MARK: Keeping

    /// Adds what a client gave (clause 5.13.2).
    func host(_ context: JSONValue) async throws -> StoredLDContext {
        guard entries(.hosted).count < Self.maximumOfAKind else {
            throw BrokerError(
                .overloaded,
                "The hub hosts \(Self.maximumOfAKind) @contexts at most; delete one."
            )
        }
        return try await keep(ownEntry(.hosted, context))
    }

    /// Gives an `@context` that has no single URL one of the hub's own.
    func createImplicitly(_ context: JSONValue) async throws -> StoredLDContext {
        let same = entries(.implicitlyCreated).first { $0.body.objectValue?["@context"] == context }
        if let same { return same }
        return try await keep(ownEntry(.implicitlyCreated, context))
    }

    private func ownEntry(_ kind: StoredLDContext.Kind, _ context: JSONValue) -> StoredLDContext {
        let id = makeIdentifier()
        return StoredLDContext(
            localID: id,
            url: "\(publicURL)/ngsi-ld/v1/jsonldContexts/\(id)",
            kind: kind,
            body: ["@context": context],
            createdAt: clock()
        )
    }

    /// Fetches a document and takes it in place of the old copy (clause 5.13.5 `reload`).
    @discardableResult
    func fetch(
        _ url: String,
        instead old: StoredLDContext?
    ) async throws(LDContextError) -> StoredLDContext {
        let document = try await source.document(at: url)
        guard let context = document.objectValue?["@context"] else {
            throw LDContextError(.invalid, "The document at '\(url)' has no @context.")
        }
        let now = clock()
        let entry = StoredLDContext(
            localID: old?.localID ?? makeIdentifier(),
            url: url,
            kind: .cached,
            body: ["@context": context],
            createdAt: now,
            expiresAt: Timestamp(microseconds: now.microseconds + Self.freshMicroseconds)
        )
        do {
            return try await keep(entry)
        } catch {
            // What was fetched is good also when the disk is full.
            return entry
        }
    }

    private func keep(_ entry: StoredLDContext) async throws -> StoredLDContext {
        guard entry.document.body.count <= Self.maximumBytes else {
            throw BrokerError(
                .payloadTooLarge,
                "An @context has \(Self.maximumBytes) bytes at most."
            )
        }
        let outgoing = entries(.cached).dropLast(Self.maximumOfAKind - 1)
        try await defaultStore().bookkeep { transaction in
            try transaction.put(entry.document)
            for old in outgoing where old.localID != entry.localID {
                _ = try transaction.removeDocument(.ldContext, id: old.localID)
            }
        }
        kept.withLock { kept in
            for old in outgoing { kept[old.localID] = nil }
            kept[entry.localID] = entry
        }
        return entry
    }

    func remove(_ entry: StoredLDContext) async throws {
        try await defaultStore().bookkeep { transaction in
            _ = try transaction.removeDocument(.ldContext, id: entry.localID)
        }
        kept.withLock { $0[entry.localID] = nil }
    }

    private func defaultStore() async throws -> any TenantStore {
        try await store.makeTenant(nil)
    }
}
