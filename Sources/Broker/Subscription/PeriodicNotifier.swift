package import ContextModel
package import Governance
package import Logging
package import Storage

/// Sends the notifications of subscriptions with `timeInterval` (clause 5.8.6): all entities that
/// match, whether they changed or not. Nothing of it waits in the outbox, for the next interval
/// brings the next state.
package actor PeriodicNotifier {
    typealias Key = SubscriptionMatcher.Key

    /// New and changed subscriptions are noticed this late at most.
    private static let longestSleepMicroseconds: Int64 = 500_000

    private let store: any Store
    private let subscriptions: SubscriptionMatcher
    private let policy: PolicySource
    private let writer: NotificationWriter
    private let sender: any NotificationSender
    private let limits: DeliveryLimits
    private let clock: @Sendable () -> Timestamp
    private let makeIdentifier: @Sendable () -> String
    private let logger: Logger
    private var due: [Key: Timestamp] = [:]
    private var running: Set<Key> = []
    private var shares: FairShares<Party>

    package init(
        store: any Store,
        policy: PolicySource,
        subscriptions: SubscriptionMatcher,
        sender: any NotificationSender,
        limits: DeliveryLimits = DeliveryLimits(),
        clock: @escaping @Sendable () -> Timestamp,
        makeIdentifier: @escaping @Sendable () -> String,
        logger: Logger
    ) {
        self.store = store
        self.policy = policy
        self.subscriptions = subscriptions
        self.sender = sender
        self.limits = limits
        shares = FairShares(capacity: limits.maximumConcurrent)
        self.clock = clock
        self.makeIdentifier = makeIdentifier
        self.logger = logger
        writer = NotificationWriter(limits: limits)
    }

    /// Notifies until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                for (key, subscription) in takeDue() {
                    group.addTask {
                        await self.notify(key, subscription)
                        await self.finish(key, of: subscription.record.owner)
                    }
                }
                let pause = max(1_000, nextDue.microseconds - clock().microseconds)
                let nap = min(pause, Self.longestSleepMicroseconds)
                try? await Task.sleep(for: .microseconds(nap))
            }
            group.cancelAll()
        }
    }

    /// The subscriptions whose time has come; one whose last notification is still on its way, or
    /// whose owner has as many under way as its share, takes its turn later.
    private func takeDue() -> [(Key, IndexedSubscription)] {
        let now = clock()
        let all = subscriptions.periodic
        let keys = Set(all.map(\.key))
        due = due.filter { keys.contains($0.key) }
        return all.compactMap { key, subscription in
            let interval = subscription.subscription.intervalMicroseconds ?? 0
            let last = subscription.tally.counts.lastNotification
            let first = max(subscription.record.createdAt, last ?? subscription.record.createdAt)
            let time = due[key] ?? Timestamp(microseconds: first.microseconds + interval)
            due[key] = time
            guard time <= now, shares.mayTake(subscription.record.owner) else { return nil }
            due[key] = Timestamp(microseconds: max(time.microseconds, now.microseconds) + interval)
            guard subscription.subscription.isInForce(at: now), running.insert(key).inserted else {
                return nil
            }
            shares.take(subscription.record.owner)
            return (key, subscription)
        }
    }

    private var nextDue: Timestamp {
        due.values.min()
            ?? Timestamp(microseconds: clock().microseconds + Self.longestSleepMicroseconds)
    }

    private func finish(_ key: Key, of owner: Party) {
        running.remove(key)
        shares.giveBack(owner)
    }

    private nonisolated func notify(_ key: Key, _ subscription: IndexedSubscription) async {
        do {
            guard let store = try await store.tenant(key.tenant),
                let session = policy.current.session(
                    for: subscription,
                    tenant: key.tenant,
                    in: store
                ),
                let content = try await content(subscription, session)
            else { return }
            let request = writer.request(
                id: "urn:ngsi-ld:Notification:\(makeIdentifier())",
                content,
                for: subscription,
                tenant: key.tenant,
                now: clock()
            )
            let result = await sender.send(session.seal(request))
            guard !Task.isCancelled else { return }
            subscription.tally.count(result, at: clock())
            try await record(subscription.tally.counts, key, store)
        } catch {
            logger.error(
                "The periodic notification of '\(subscription.record.id)' failed: \(error)"
            )
        }
    }

    /// What there is to tell; nil for nothing.
    private nonisolated func content(
        _ subscription: IndexedSubscription,
        _ session: ReadSession
    ) async throws -> NotificationContent? {
        if subscription.subscription.registrations != nil {
            return try await subscription.matchingRegistrations(session.documents, now: clock())
        }
        let query = EntityQuery(
            condition: subscription.subscription.target,
            limit: limits.maximumPeriodicEntities
        )
        let page = try await session.entities(query).decoded()
        return try await writer.content(page.entities, for: subscription, session)
    }

    private nonisolated func record(
        _ counts: DeliveryCounts,
        _ key: Key,
        _ store: any TenantStore
    ) async throws {
        try await store.bookkeep { transaction in
            guard let document = try transaction.document(key.kind.documentKind, id: key.id),
                var record = SubscriptionRecord(document)
            else { return }
            record.delivery = counts
            try transaction.put(record.document, isQuiet: true)
        }
    }
}
