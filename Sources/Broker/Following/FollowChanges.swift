import ContextModel
import Governance
import Logging
import Storage

/// How this process keeps what it remembers of documents in step with the store: by the change feed.
extension Hub {
    /// How often changes of other processes are looked for, or where there are none, own changes that
    /// could not be applied.
    static let pauseBetweenLooks = Duration.milliseconds(50)
    private static let pauseAlone = Duration.seconds(1)

    /// Follows what other processes change, until the task is cancelled.
    package func followChanges() async {
        let pause = store.isShared ? Self.pauseBetweenLooks : Self.pauseAlone
        while (try? await Task.sleep(for: pause)) != nil {
            var tenants = following.documents.tenantsBehind
            if store.isShared { tenants = [nil] + (await store.tenantNames) + snapshots.stores }
            if store.isShared || shelf.isBehind { await shelf.catchUp() }
            for tenant in tenants { await catchUp(with: tenant) }
        }
    }

    /// Makes the subscriptions of all tenants known: to be called once, before the first request.
    package func loadSubscriptions() async throws {
        for tenant in [nil] + (await store.tenantNames) + snapshots.stores {
            following.documents.forget(tenant)
            try await applyChanges(of: tenant)
        }
    }

    /// Applies what was changed in the tenant before the call: what a request has changed is in force
    /// when the request is answered.
    ///
    /// When the store does not tell, the change is made all the same, and applied soon afterwards.
    func catchUp(with tenant: TenantName?) async {
        do {
            try await applyChanges(of: tenant)
        } catch {
            logger.error("What was changed is not in force yet: \(error)")
        }
    }

    private func applyChanges(of tenant: TenantName?) async throws {
        try await following.documents.catchUp(with: tenant) { [self] in
            // What subscriptions are read with; whoever changed it in this process has applied it.
            if store.isShared || shelf.isBehind { await shelf.catchUp() }
            try await apply($0, of: tenant)
        }
    }

    private func apply(_ news: DocumentFollower.News, of tenant: TenantName?) async throws {
        switch news {
        case .all(let documents):
            for document in documents where document.kind == .policy {
                await followPolicy(document)
            }
            try await addOwners(to: documents, of: tenant)
            for kind in SubscriptionKind.allCases {
                var found: [IndexedSubscription] = []
                for document in documents where document.kind == kind.documentKind {
                    if let one = try await subscription(document, tenant) { found.append(one) }
                }
                subscriptions.replace(found, kind, tenant: tenant)
            }
        case .changes(let changes):
            for change in changes {
                if let document = change.document, document.kind == .policy {
                    await followPolicy(document)
                }
                guard let kind = SubscriptionKind(change.kind) else { continue }
                let key = SubscriptionMatcher.Key(tenant: tenant, kind: kind, id: change.id)
                if let document = change.document,
                    let new = try await subscription(document, tenant)
                {
                    subscriptions.put(new, tenant: tenant)
                } else {
                    subscriptions.remove(key)
                }
            }
        }
    }

    /// The subscription ready for use; nil, and a line in the log, for one that does not notify.
    private func subscription(
        _ document: Document,
        _ tenant: TenantName?
    ) async throws -> IndexedSubscription? {
        guard let record = SubscriptionRecord(document) else {
            logger.error("The subscription '\(document.id)' is damaged and does not notify.")
            return nil
        }
        let key = SubscriptionMatcher.Key(tenant: tenant, kind: record.kind, id: record.key)
        let old = subscriptions[key]
        do {
            let subscription = try await content(of: record, key, instead: old)
            return IndexedSubscription(
                subscription: subscription,
                record: record,
                tenant: tenant,
                policy: rules,
                tally: old?.tally
            )
        } catch let error as BrokerError {
            logger.error("\(record.refusal(error))")
            return nil
        }
    }

    /// What the record says.
    private func content(
        of record: SubscriptionRecord,
        _ key: SubscriptionMatcher.Key,
        instead old: IndexedSubscription?
    ) async throws -> Subscription {
        if let prepared = following.prepared(record, key) { return prepared }
        if let old, old.record.reads(as: record) { return old.subscription }
        return try await reader(for: record).subscription(record.body, id: record.id)
    }

    /// Says of what an earlier version kept whose it is.
    private func addOwners(to documents: [Document], of tenant: TenantName?) async throws {
        let records = documents.filter { $0.owner == nil }.compactMap { SubscriptionRecord($0) }
        guard !records.isEmpty, let store = try await store.tenant(tenant) else { return }
        try await store.changeDocuments(reading: []) { changes in
            for record in records { changes.put(record.document) }
        }
    }
}
