import ContextModel
import Governance
import Logging
import Storage
import Synchronization

/// Keeps the `SubscriptionRegistry` in step with the store, by the change feed.
///
/// A subscription may need an `@context` of another server. Such a one is fetched separately
/// (`readWaiting`), so that no server delays the following changes.
final class SubscriptionFollower: Sendable {
    typealias Key = SubscriptionKey

    /// The number of times that a request tries to apply its change before it is answered, and the
    /// pause before the second time, which doubles each time.
    private static let maximumAttempts = 6
    private static let firstPause = Duration.milliseconds(10)

    /// The change feed.
    let documents: DocumentFollower
    /// The subscriptions that requests of this process are about to store.
    let prepared = PreparedSubscriptions()
    private let waiting = Mutex(WaitingSubscriptions())
    private let underWay = Mutex<Set<TenantName?>>([])
    private let store: any Store
    private let subscriptions: SubscriptionRegistry
    private let rules: PolicySource
    private let resolver: LDContextResolver
    private let contextFollower: LDContextFollower
    private let clock: HubClock
    private let logger: Logger

    init(
        _ store: any Store,
        _ subscriptions: SubscriptionRegistry,
        _ rules: PolicySource,
        _ hosting: LDContextHosting,
        _ clock: HubClock,
        _ logger: Logger
    ) {
        documents = DocumentFollower(store, SubscriptionKind.allCases.map(\.documentKind)) {
            subscriptions.note($0, isBehind: $1)
        }
        self.store = store
        self.subscriptions = subscriptions
        self.rules = rules
        resolver = hosting.resolver
        contextFollower = hosting.contextStore.follower
        self.clock = clock
        self.logger = logger
    }

    // MARK: Catching up

    /// Notes that others' changes of the tenant are being applied (`followOthers`); false if they
    /// are already.
    func begin(_ tenant: TenantName?) -> Bool { underWay.withLock { $0.insert(tenant).inserted } }

    /// Applies others' changes of a tenant, after `begin`.
    ///
    /// An error is logged, and the next attempt can begin after `pause`.
    func followOthers(of tenant: TenantName?, pause: Duration) async {
        do { try await applyChanges(of: tenant) } catch {
            logNotInForce(tenant, error)
            // If the program ends meanwhile, there is no next attempt.
            try? await clock.sleep(for: pause)
        }
        underWay.withLock { _ = $0.remove(tenant) }
    }

    /// Reads all subscriptions of the tenant again.
    func load(_ tenant: TenantName?) async throws {
        documents.forget(tenant)
        try await applyChanges(of: tenant)
    }

    /// Applies the changes made in the tenant before the call, so that a request's change is in
    /// force when the request is answered.
    ///
    /// When the store cannot be read in several attempts, the change stays stored and is applied
    /// later; until then, nobody in the tenant is notified.
    ///
    /// `own` is what the request's change added to the feed, if it is known.
    func catchUp(with tenant: TenantName?, own: OwnChanges? = nil) async {
        var pause = Self.firstPause
        for attempt in 1...Self.maximumAttempts {
            do {
                return try await applyChanges(of: tenant, own: attempt == 1 ? own : nil)
            } catch  where attempt < Self.maximumAttempts {
                // The change was made even if the caller has cancelled its request.
                try? await clock.sleep(for: pause)
                pause *= 2
            } catch {
                logNotInForce(tenant, error)
            }
        }
    }

    private func logNotInForce(_ tenant: TenantName?, _ error: any Error) {
        let name = tenant.map { "the tenant '\($0.text)'" } ?? "the default tenant"
        logger.error("Changes of subscriptions in \(name) are not in force yet: \(error)")
    }

    private func applyChanges(of tenant: TenantName?, own: OwnChanges? = nil) async throws {
        try await documents.catchUp(with: tenant, own: own) { [self] in
            try await apply($0, of: tenant)
        }
    }

    // MARK: Applying

    /// Removals come first, because they need no `@context`.
    private func apply(_ news: DocumentFollower.News, of tenant: TenantName?) async throws {
        removeMissing(news, of: tenant)
        // Subscriptions are read with `@context`s; those changed by this process are applied
        // already.
        if store.isShared || contextFollower.isBehind { try await contextFollower.applyChanges() }
        switch news {
        case .all(let documents):
            try await addOwners(to: documents, of: tenant)
            for kind in SubscriptionKind.allCases {
                var found: [IndexedSubscription] = []
                for document in documents where document.kind == kind.documentKind {
                    if let one = await subscription(document, tenant) { found.append(one) }
                }
                subscriptions.replace(found, kind, tenant: tenant)
            }
        case .changes(let changes):
            for change in changes {
                guard let document = change.document, let key = Self.key(change, tenant) else {
                    continue
                }
                if let new = await subscription(document, tenant) {
                    subscriptions.put(new, tenant: tenant)
                } else {
                    subscriptions.remove(key)
                }
            }
        }
    }

    private static func key(_ change: ChangeFeedPage.Change, _ tenant: TenantName?) -> Key? {
        SubscriptionKind(change.kind).map { .init(tenant: tenant, kind: $0, id: change.id) }
    }

    private func removeMissing(_ news: DocumentFollower.News, of tenant: TenantName?) {
        let missing: [Key]
        switch news {
        case .all(let documents):
            let there = Set(
                documents.map { ChangeFeedPage.Change($0) }.compactMap {
                    Self.key($0, tenant)
                }
            )
            missing = subscriptions.keys.filter { $0.tenant == tenant && !there.contains($0) }
        case .changes(let changes):
            missing = changes.filter { $0.document == nil }.compactMap { Self.key($0, tenant) }
        }
        for key in missing {
            subscriptions.remove(key)
            waiting.withLock { $0.remove(key) }
        }
    }

    /// The subscription ready for use; its earlier state while its `@context` is missing.
    ///
    /// Returns nil, with a message in the log, when it cannot be read and so does not notify.
    private func subscription(
        _ document: Document,
        _ tenant: TenantName?
    ) async -> IndexedSubscription? {
        guard let record = SubscriptionRecord(document) else {
            logger.error("The subscription '\(document.id)' is damaged and does not notify.")
            return nil
        }
        let key = Key(record, of: tenant)
        // A subscription that was deleted and created again keeps nothing of the earlier one.
        let old = subscriptions[key].flatMap {
            $0.record.createdAt == record.createdAt ? $0 : nil
        }
        do throws(BrokerError) {
            guard let subscription = try await content(of: record, key, instead: old) else {
                let now = clock()
                waiting.withLock { $0.add(key, now) }
                return old
            }
            waiting.withLock { $0.remove(key) }
            return IndexedSubscription(
                subscription: subscription,
                record: record,
                tenant: tenant,
                policy: rules,
                tally: old?.tally
            )
        } catch {
            logger.error("\(record.refusal(error))")
            waiting.withLock { $0.remove(key) }
            return nil
        }
    }

    /// Reads the record; nil when its `@context` is missing.
    private func content(
        of record: SubscriptionRecord,
        _ key: Key,
        instead old: IndexedSubscription?
    ) async throws(BrokerError) -> Subscription? {
        if let prepared = prepared.find(record, key) { return prepared }
        if let old, old.record.reads(as: record) { return old.subscription }
        let reader: SubscriptionReader
        do throws(BrokerError) {
            reader = try await resolver.reader(for: record, mayFetch: false)
        } catch {
            logger.debug("\(record.refusal(error))")
            return nil
        }
        return try reader.subscription(record.body, id: record.id)
    }

    /// Adds owners to the documents of an earlier version.
    private func addOwners(to documents: [Document], of tenant: TenantName?) async throws {
        let records = documents.filter { $0.owner == nil }.compactMap { SubscriptionRecord($0) }
        guard !records.isEmpty, let store = try await store.tenant(tenant) else { return }
        try await store.changeDocuments(reading: []) { changes in
            for record in records { changes.put(record.document) }
        }
    }

    // MARK: Fetching

    /// The subscriptions whose `@context` is to be fetched now; call `readWaiting` for each.
    func takeDue(at now: Timestamp) -> [Key] { waiting.withLock { $0.takeDue(at: now) } }

    /// Fetches the `@context` of a subscription, and puts the subscription into force.
    func readWaiting(_ key: Key) async {
        do {
            let store = try await store.tenant(key.tenant)
            let document = try await store?.document(key.kind.documentKind, id: key.id)
            if let record = document.flatMap({ SubscriptionRecord($0) }) {
                try await fetch(for: record, key)
            } else {
                waiting.withLock { $0.remove(key) }
            }
        } catch {
            logger.warning("The update of the subscription '\(key.id)' is not in force: \(error)")
        }
        let now = clock()
        // If it still waits, it is tried again later.
        waiting.withLock { $0.giveBack(key, at: now) }
    }

    private func fetch(for record: SubscriptionRecord, _ key: Key) async throws {
        let reader = try await resolver.reader(for: record)
        do throws(BrokerError) {
            let subscription = try reader.subscription(record.body, id: record.id)
            prepared.add(subscription, record, key)
        } catch {
            // Whoever applies the record gets the same error and logs it.
            logger.debug("\(record.refusal(error))")
        }
        defer { prepared.withdraw(record, key) }
        documents.repeatDocument(key.kind.documentKind, id: key.id, of: key.tenant)
        await catchUp(with: key.tenant)
    }
}

extension ChangeFeedPage.Change {
    fileprivate init(_ document: Document) {
        self.init(kind: document.kind, id: document.id, document: document)
    }
}
