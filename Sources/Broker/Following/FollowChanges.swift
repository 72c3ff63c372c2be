import ContextModel
import Governance
import Logging
import Storage

/// How this process keeps what it remembers of documents in step with the store: by the change feed.
///
/// Policies, `@context`s and subscriptions are followed side by side, and so are the tenants: none waits
/// for another. Nothing here waits for the server of a stranger but `readWaiting`.
extension Following {
    /// How often changes of other processes are asked for.
    static let pauseBetweenPages = Duration.milliseconds(50)
    /// How often own changes that could not be applied are tried again, where there are no others.
    private static let pauseAlone = Duration.seconds(1)
    private static let pauseAfterFailure = Duration.seconds(1)
    /// How often a request tries to apply what it has changed before it is answered, and how long it
    /// waits before the second time; before each further one it waits twice as long.
    private static let maximumAttempts = 6
    private static let firstPause = Duration.milliseconds(10)

    /// Follows what other processes change, until the task is cancelled.
    package func followChanges() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.followPolicies() }
            group.addTask { await self.followContexts() }
            group.addTask { await self.followSubscriptions() }
            group.addTask { await self.followWaiting() }
        }
    }

    /// Waits until changes are to be asked for; false when the task is cancelled.
    private func isTimeToAsk() async -> Bool {
        let pause = store.isShared ? Self.pauseBetweenPages : Self.pauseAlone
        return (try? await clock.sleep(for: pause)) != nil
    }

    private func followPolicies() async {
        guard store.isShared else { return }
        while await isTimeToAsk() {
            do { try await followPolicy() } catch {
                logger.error("The policy stays as it was until it can be read: \(error)")
                // Cancelled at the end of the program: then the next pause says so.
                try? await clock.sleep(for: Self.pauseAfterFailure)
            }
        }
    }

    private func followContexts() async {
        while await isTimeToAsk() {
            if store.isShared || shelf.isBehind { await shelf.catchUp() }
        }
    }

    private func followSubscriptions() async {
        await withDiscardingTaskGroup { group in
            while await isTimeToAsk() {
                let tenants = store.isShared ? await allTenants : follower.documents.tenantsBehind
                for tenant in tenants where follower.begin(tenant) {
                    group.addTask {
                        do { try await self.applyChanges(of: tenant) } catch {
                            self.logNotInForce(tenant, error)
                            try? await self.clock.sleep(for: Self.pauseAfterFailure)
                        }
                        self.follower.end(tenant)
                    }
                }
            }
        }
    }

    private func followWaiting() async {
        await withDiscardingTaskGroup { group in
            while await isTimeToAsk() {
                for key in follower.takeDue(at: clock()) {
                    group.addTask { await self.readWaiting(key) }
                }
            }
        }
    }

    /// The tenants, and the snapshots, that there are.
    private var allTenants: [TenantName?] {
        get async { [nil] + (await store.tenantNames) + snapshots.stores }
    }

    /// Makes the subscriptions of all tenants known: to be called once, before the first request.
    ///
    /// An `@context` that is not at hand is fetched, once; one that cannot be had is fetched later.
    package func loadSubscriptions() async throws {
        if store.isShared {
            do { try await followPolicy() } catch {
                logger.error("The policy stays as it was until it can be read: \(error)")
            }
        }
        for tenant in await allTenants {
            follower.documents.forget(tenant)
            try await applyChanges(of: tenant)
        }
        let start = clock()
        var due = follower.takeDue(at: start)
        while !due.isEmpty {
            await withDiscardingTaskGroup { group in
                for key in due { group.addTask { await self.readWaiting(key) } }
            }
            due = follower.takeDue(at: start)
        }
    }

    /// Applies what was changed in the tenant before the call: what a request has changed is in force
    /// when the request is answered.
    ///
    /// When the store does not tell, also when it is asked again, the change is made all the same, and
    /// applied soon afterwards: until then nobody is notified in the tenant.
    ///
    /// `own` is what the request's change added to the feed, if that is known.
    func catchUp(with tenant: TenantName?, own: OwnChanges? = nil) async {
        var pause = Self.firstPause
        for attempt in 1...Self.maximumAttempts {
            do {
                return try await applyChanges(of: tenant, own: attempt == 1 ? own : nil)
            } catch  where attempt < Self.maximumAttempts {
                // Also whoever does not wait for the answer any more has changed something.
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
        try await follower.documents.catchUp(with: tenant, own: own) { [self] in
            try await apply($0, of: tenant)
        }
    }

    // MARK: Applying

    /// Removals first: they need nothing.
    private func apply(_ news: DocumentFollower.News, of tenant: TenantName?) async throws {
        removeMissing(news, of: tenant)
        // What subscriptions are read with; whoever changed it in this process has applied it.
        if store.isShared || shelf.isBehind { try await shelf.applyChanges() }
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

    private static func key(
        _ change: ChangeFeedPage.Change,
        _ tenant: TenantName?
    ) -> SubscriptionMatcher.Key? {
        SubscriptionKind(change.kind).map { .init(tenant: tenant, kind: $0, id: change.id) }
    }

    private func removeMissing(_ news: DocumentFollower.News, of tenant: TenantName?) {
        let missing: [SubscriptionMatcher.Key]
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
            follower.stopWaiting(for: key)
        }
    }

    /// The subscription ready for use, or, while its `@context` is not at hand, what it was before.
    ///
    /// Returns nil and writes to the log when the subscription cannot be read, and so does not notify.
    private func subscription(
        _ document: Document,
        _ tenant: TenantName?
    ) async -> IndexedSubscription? {
        guard let record = SubscriptionRecord(document) else {
            logger.error("The subscription '\(document.id)' is damaged and does not notify.")
            return nil
        }
        let key = SubscriptionMatcher.Key(tenant: tenant, kind: record.kind, id: record.key)
        // One that was deleted and made anew has nothing of the one before.
        let old = subscriptions[key].flatMap {
            $0.record.createdAt == record.createdAt ? $0 : nil
        }
        do throws(BrokerError) {
            guard let subscription = try await content(of: record, key, instead: old) else {
                follower.wait(for: key, from: clock())
                return old
            }
            follower.stopWaiting(for: key)
            return IndexedSubscription(
                subscription: subscription,
                record: record,
                tenant: tenant,
                policy: rules,
                tally: old?.tally
            )
        } catch {
            logger.error("\(record.refusal(error))")
            follower.stopWaiting(for: key)
            return nil
        }
    }

    /// What the record says; nil when its `@context` is not at hand.
    private func content(
        of record: SubscriptionRecord,
        _ key: SubscriptionMatcher.Key,
        instead old: IndexedSubscription?
    ) async throws(BrokerError) -> Subscription? {
        if let prepared = follower.prepared(record, key) { return prepared }
        if let old, old.record.reads(as: record) { return old.subscription }
        let reader: SubscriptionReader
        do throws(BrokerError) {
            reader = try await self.contexts.reader(for: record, mayFetch: false)
        } catch {
            logger.debug("\(record.refusal(error))")
            return nil
        }
        return try reader.subscription(record.body, id: record.id)
    }

    /// Says of what an earlier version kept whose it is.
    private func addOwners(to documents: [Document], of tenant: TenantName?) async throws {
        let records = documents.filter { $0.owner == nil }.compactMap { SubscriptionRecord($0) }
        guard !records.isEmpty, let store = try await store.tenant(tenant) else { return }
        try await store.changeDocuments(reading: []) { changes in
            for record in records { changes.put(record.document) }
        }
    }

    // MARK: Fetching

    /// Fetches the `@context` of a subscription, and puts the subscription into force.
    private func readWaiting(_ key: SubscriptionMatcher.Key) async {
        do {
            let store = try await store.tenant(key.tenant)
            let document = try await store?.document(key.kind.documentKind, id: key.id)
            if let record = document.flatMap({ SubscriptionRecord($0) }) {
                try await fetch(for: record, key)
            } else {
                follower.stopWaiting(for: key)
            }
        } catch {
            logger.warning("The subscription '\(key.id)' is not in force as it is now: \(error)")
        }
        follower.giveBack(key, at: clock())
    }

    private func fetch(
        for record: SubscriptionRecord,
        _ key: SubscriptionMatcher.Key
    ) async throws {
        let reader = try await self.contexts.reader(for: record)
        do throws(BrokerError) {
            let subscription = try reader.subscription(record.body, id: record.id)
            follower.prepare(subscription, record, key)
        } catch {
            // Whoever applies it finds the same, and says so.
            logger.debug("\(record.refusal(error))")
        }
        defer { follower.withdraw(record, key) }
        follower.documents.tellAgain(key.kind.documentKind, id: key.id, of: key.tenant)
        await catchUp(with: key.tenant)
    }
}

extension ChangeFeedPage.Change {
    fileprivate init(_ document: Document) {
        self.init(kind: document.kind, id: document.id, document: document)
    }
}
