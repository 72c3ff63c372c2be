import ContextModel
import Governance
import Logging
import Storage
import Synchronization

/// Keeps what this process knows of each tenant's rules in step with the store: its classification, its
/// policies, and what people have chosen.
///
/// Nobody reads or writes in a tenant before its rules are known.
package final class TenantRulesFollower: Sendable {
    /// What the documents of a tenant say.
    private struct Kept {
        var classification = Classification()
        var policies: [String: DataPolicy] = [:]
        var sources: [String: Permission] = [:]
        let choices = ChoiceBook()

        var rules: TenantRules {
            var rules = TenantRules(
                classification: classification,
                policies: policies.values,
                choices: choices
            )
            rules.sources = sources.sorted { $0.key < $1.key }.map(\.value)
            return rules
        }
    }

    private static let kinds: [Document.Kind] = [
        .classification, .dataPolicy, .choices, .commonRules, .source,
    ]
    /// For so long what is known is taken to be what other processes know, too, and the feed not asked.
    private static let freshMicroseconds: Int64 = 50_000

    /// For so long it may be gone by when the feed cannot be read.
    private let staleMicroseconds: Int64
    private let following: DocumentFollower
    private let rules: PolicySource
    private let store: any Store
    private let clock: HubClock
    private let logger: Logger
    private let kept = Mutex<[TenantName?: Kept]>([:])
    /// The time at which each tenant's feed was last read, if other processes share the store.
    private let asked = Mutex<[TenantName?: Timestamp]>([:])
    /// Tenants of which there was no data when their rules were asked for; whether there are any.
    private let absent = Mutex<Set<TenantName>>([])
    private let hasAbsent = Atomic(false)
    /// What is done before the rules of a tenant are read first.
    private let first = Mutex<@Sendable (TenantName?) async throws -> Void>({ _ in })

    init(
        _ store: any Store,
        _ rules: PolicySource,
        _ limits: HubLimits,
        _ clock: HubClock,
        _ logger: Logger
    ) {
        staleMicroseconds = limits.maximumRulesAgeMicroseconds
        following = DocumentFollower(store, Self.kinds, numerous: [.choices])
        self.rules = rules
        self.store = store
        self.clock = clock
        self.logger = logger
    }

    /// Does this before the rules of a tenant are read first.
    func takesUp(_ work: @escaping @Sendable (TenantName?) async throws -> Void) {
        first.withLock { $0 = work }
    }

    /// Makes the rules of the tenant known, as they were a moment ago or later; of a snapshot those of
    /// the tenant that it is of.
    ///
    /// Throws what the store throws, and an error when a document is damaged: then nobody may do
    /// anything in the tenant.
    func require(_ tenant: TenantName?) async throws {
        let tenant = tenant.origin
        // What another process has put into force for all tenants is in the feed of the default one.
        if tenant != nil, store.isShared { try await require(nil) }
        if let tenant, isAbsent(tenant), try await store.tenant(tenant) != nil { comesBack(tenant) }
        if rules.knows(tenant), !store.isShared || isAsked(tenant, in: Self.freshMicroseconds) {
            return
        }
        if !rules.knows(tenant) { try await first.withLock(\.self)(tenant) }
        let now = clock()
        guard try await isFollowed(tenant) else { return }
        asked.withLock { $0[tenant] = now }
        // Without documents there is nothing to apply, and the rules are those of every tenant.
        if !rules.knows(tenant) { put(Kept(), of: tenant) }
        if let tenant, try await store.tenant(tenant) == nil {
            absent.withLock { _ = $0.insert(tenant) }
            hasAbsent.store(true, ordering: .releasing)
        }
    }

    private func isAbsent(_ tenant: TenantName) -> Bool {
        hasAbsent.load(ordering: .acquiring) && absent.withLock { $0.contains(tenant) }
    }

    /// What is known of a tenant without data says nothing of the data that is there now.
    private func comesBack(_ tenant: TenantName) {
        guard absent.withLock({ $0.remove(tenant) }) != nil else { return }
        following.forget(tenant)
        rules.remove(tenant)
    }

    /// Applies what was changed in the tenant before the call; `own` is what the caller's change added to
    /// the feed.
    ///
    /// Where that fails, nobody may do anything in the tenant until it is known again.
    func catchUp(with tenant: TenantName?, own: OwnChanges?) async throws {
        do { try await applyChanges(of: tenant, own: own) } catch {
            following.forget(tenant)
            rules.remove(tenant)
            throw error
        }
    }

    /// Whether the feed was read, tried again a few times; false where it cannot be, and what is known is
    /// not old yet.
    private func isFollowed(_ tenant: TenantName?) async throws -> Bool {
        var pause = Self.firstPause
        for attempt in 1...Self.maximumAttempts {
            do {
                try await applyChanges(of: tenant)
                return true
            } catch {
                if rules.knows(tenant), isAsked(tenant, in: staleMicroseconds) { return false }
                guard attempt < Self.maximumAttempts else { throw error }
            }
            try await clock.sleep(for: pause)
            pause *= 2
        }
        return true
    }

    private static let maximumAttempts = 4
    private static let firstPause = Duration.milliseconds(10)

    private func isAsked(_ tenant: TenantName?, in microseconds: Int64) -> Bool {
        guard let last = asked.withLock({ $0[tenant] }) else { return false }
        return clock().microseconds - last.microseconds < microseconds
    }

    private func applyChanges(of tenant: TenantName?, own: OwnChanges? = nil) async throws {
        try await following.catchUp(with: tenant, own: own) { [self] in
            try await apply($0, tenant)
        }
    }

    private func apply(_ news: DocumentFollower.News, _ tenant: TenantName?) async throws {
        var kept: Kept
        let changes: [ChangeFeedPage.Change]
        switch news {
        case .all(let documents):
            kept = Kept()
            try await readChoices(of: tenant, into: kept.choices)
            changes = documents.map { .init(kind: $0.kind, id: $0.id, document: $0) }
        case .changes(let some):
            kept = self.kept.withLock { $0[tenant] } ?? Kept()
            changes = some
        }
        for change in changes { try apply(change, to: &kept) }
        // The rules for all tenants are in force at once, whichever process keeps them.
        for change in changes where change.kind == .commonRules {
            rules.put(try change.document.map { try read($0) { KeptRules($0)?.rules } })
        }
        // What people have chosen is in force already: only the rest makes other rules.
        let areChoicesAlone = changes.allSatisfy { $0.kind == .choices }
        if case .changes = news, areChoicesAlone, rules.knows(tenant) { return }
        put(kept, of: tenant)
    }

    /// There may be a million: they are read in portions, and none is in force before all are read.
    private func readChoices(of tenant: TenantName?, into book: ChoiceBook) async throws {
        guard let store = try await store.tenant(tenant) else { return }
        try await store.documents(.choices, inPortionsOf: Self.portion) { [self] documents in
            for document in documents {
                let choices = try read(document) { SubjectChoices($0) }
                book.replace(choices.inForce, of: document.id)
            }
        }
    }

    /// Documents of choices that are in memory at once.
    private static let portion = 1_000

    private func put(_ kept: Kept, of tenant: TenantName?) {
        let before = self.kept.withLock { all in
            defer { all[tenant] = kept }
            return all[tenant]
        }
        rules.put(kept.rules, of: tenant)
        before?.choices.pass(to: kept.choices)
    }

    private func apply(_ change: ChangeFeedPage.Change, to kept: inout Kept) throws {
        switch change.kind {
        case .classification:
            kept.classification =
                try change.document.map { try read($0) { Classification($0) } } ?? Classification()
        case .dataPolicy:
            kept.policies[change.id] = try change.document.map { try read($0) { DataPolicy($0) } }
        case .commonRules: break
        case .source:
            kept.sources[change.id] = try change.document.map {
                try read($0) { KeptSource($0)?.permission }
            }
        default:
            let choices = try change.document.map { try read($0) { SubjectChoices($0) } }
            kept.choices.replace(choices?.inForce ?? [], of: change.id)
        }
    }

    private func read<Value>(_ document: Document, _ value: (Document) -> Value?) throws -> Value {
        guard let value = value(document) else {
            logger.error(
                "The \(document.kind.rawValue) '\(document.id)' is damaged: nobody may read the tenant."
            )
            throw StorageError(.damaged, note: "the document '\(document.id)' cannot be read")
        }
        return value
    }
}
