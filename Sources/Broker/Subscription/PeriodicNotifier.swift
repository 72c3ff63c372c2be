package import ContextModel
import Governance
package import Logging
package import Storage

/// Sends the notifications of subscriptions with `timeInterval` (clause 5.8.6): all matching
/// entities, changed or not.
///
/// They do not wait in the outbox, because the next interval brings the next state. Of the
/// processes of a hub, the one with the tenant's lease sends them.
package actor PeriodicNotifier {
    typealias Key = SubscriptionKey

    /// The longest time until new and changed subscriptions are noticed.
    private static let longestSleepMicroseconds: Int64 = 500_000

    private let store: any Store
    private let subscriptions: SubscriptionRegistry
    private let registrations: ContextSourceRegistry
    private let access: Access
    private let writer: NotificationWriter
    private let sender: any NotificationSender
    private let takeCharge: @Sendable (TenantName?) async throws -> TenantCharge?
    private let limits: DeliveryLimits
    private let clock: HubClock
    private let makeIdentifier: @Sendable () -> String
    private let logger: Logger
    /// The name of a subscription and its creation: a name may be given again.
    private struct Name: Hashable {
        var key: Key
        var createdAt: Timestamp

        init(_ key: Key, _ subscription: IndexedSubscription) {
            self.key = key
            createdAt = subscription.record.createdAt
        }
    }
    private var due: [Name: Timestamp] = [:]
    /// The tenants for which another process acted at the last question.
    private var refused: Set<TenantName?> = []
    /// How often this process had taken over each tenant at the last question.
    private var takeovers: [TenantName?: Int] = [:]
    private var running: Set<Key> = []
    private var shares: FairShares<Party>

    /// `takeCharge` is the dispatcher's method.
    package init(
        store: any Store,
        access: Access,
        subscriptions: SubscriptionRegistry,
        registrations: ContextSourceRegistry,
        sender: any NotificationSender,
        takeCharge: @escaping @Sendable (TenantName?) async throws -> TenantCharge?,
        limits: DeliveryLimits = DeliveryLimits(),
        clock: HubClock,
        makeIdentifier: @escaping @Sendable () -> String,
        logger: Logger
    ) {
        self.store = store
        self.access = access
        self.subscriptions = subscriptions
        self.registrations = registrations
        self.sender = sender
        self.takeCharge = takeCharge
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
                for one in await takeDue() {
                    group.addTask {
                        await self.notify(one)
                        await self.finish(one.key, of: one.subscription.record.owner)
                    }
                }
                let pause = max(1_000, nextDue.microseconds - clock().microseconds)
                let nap = min(pause, Self.longestSleepMicroseconds)
                try? await clock.sleep(for: .microseconds(nap))
            }
            group.cancelAll()
        }
    }

    /// A subscription to be notified now, and the end of this process's charge.
    private struct Turn {
        var key: Key
        var subscription: IndexedSubscription
        var chargeEnd: Timestamp
    }

    /// The subscriptions that are due.
    ///
    /// A subscription is left for later while its last notification is being sent, or when its
    /// owner uses up its share.
    private func takeDue() async -> [Turn] {
        let all = subscriptions.periodic
        let names = Set(all.map { Name($0.key, $0.subscription) })
        due = due.filter { names.contains($0.key) }
        refused = []
        var charges: [TenantName?: TenantCharge] = [:]
        let candidates = all.filter { time(of: $0.key, $0.subscription) <= clock() }
        for tenant in Set(candidates.map(\.key.tenant)) {
            charges[tenant] = await charge(of: tenant)
        }
        // The notifications by other processes are known by now.
        for (key, subscription) in candidates {
            guard let charge = charges[key.tenant] else { continue }
            let hasLearned = await learn(key, subscription, charge)
            if !hasLearned || subscriptions.isBehind(key.tenant) {
                charges[key.tenant] = nil
                refused.insert(key.tenant)
            }
        }
        let now = clock()
        return all.compactMap { key, subscription in
            let time = time(of: key, subscription)
            let name = Name(key, subscription)
            due[name] = time
            guard time <= now, let charge = charges[key.tenant],
                subscription.tally.hasReadCounts(from: charge.takeovers),
                shares.mayTake(subscription.record.owner)
            else { return nil }
            due[name] = time.next(after: now, interval: subscription.intervalMicroseconds)
            guard subscriptions.mayNotify(subscription, at: now), running.insert(key).inserted
            else {
                return nil
            }
            shares.take(subscription.record.owner)
            return Turn(key: key, subscription: subscription, chargeEnd: charge.until)
        }
    }

    /// Reads the counts that another process has stored; false, with a message in the log, when
    /// they cannot be read.
    private func learn(
        _ key: Key,
        _ subscription: IndexedSubscription,
        _ charge: TenantCharge
    ) async -> Bool {
        guard !subscription.tally.hasReadCounts(from: charge.takeovers) else { return true }
        do {
            guard let store = try await store.tenant(key.tenant) else { return false }
            try await subscription.readCounts(from: charge.takeovers, in: store)
            due[Name(key, subscription)] = nil
            return true
        } catch {
            logger.error("Periodic notifications cannot be sent: \(error)")
            return false
        }
    }

    /// The time of the next notification.
    private func time(of key: Key, _ subscription: IndexedSubscription) -> Timestamp {
        if let known = due[Name(key, subscription)] { return known }
        let last = subscription.tally.counts.lastNotification
        let first = max(subscription.record.createdAt, last ?? subscription.record.createdAt)
        return first.advanced(by: subscription.intervalMicroseconds)
    }

    /// The charge of the tenant; nil while another process has it.
    private func charge(of tenant: TenantName?) async -> TenantCharge? {
        do {
            guard let charge = try await takeCharge(tenant) else {
                refused.insert(tenant)
                return nil
            }
            if takeovers.updateValue(charge.takeovers, forKey: tenant) ?? 0 != charge.takeovers {
                due = due.filter { $0.key.key.tenant != tenant }
            }
            return charge
        } catch {
            logger.error("Periodic notifications cannot be sent: \(error)")
            refused.insert(tenant)
            return nil
        }
    }

    private var nextDue: Timestamp {
        due.filter { !refused.contains($0.key.key.tenant) }.values.min()
            ?? clock().advanced(by: Self.longestSleepMicroseconds)
    }

    private func finish(_ key: Key, of owner: Party) {
        running.remove(key)
        shares.giveBack(owner)
    }

    private nonisolated func notify(_ turn: Turn) async {
        let (key, subscription) = (turn.key, turn.subscription)
        do {
            guard let store = try await store.tenant(key.tenant) else { return }
            var result = DeliveryResult.withheld
            for _ in 0..<Self.mostAttempts where result == .withheld {
                guard let next = try await send(turn, store) else { return }
                result = next
            }
            guard !Task.isCancelled else { return }
            subscription.tally.count(result, at: clock())
            try await record(subscription.tally.counts, key, store)
        } catch {
            logger.error(
                "The periodic notification of '\(subscription.record.id)' failed: \(error)"
            )
        }
    }

    /// A notification is made so often at most when rights change while it is sent; then the next interval
    /// has another one.
    private static let mostAttempts = 3

    /// Makes a notification and sends it; nil when there is nothing to tell.
    private nonisolated func send(
        _ turn: Turn,
        _ store: any TenantStore
    ) async throws -> DeliveryResult? {
        let (key, subscription) = (turn.key, turn.subscription)
        let rules = try await access.rulesNumber(in: key.tenant)
        guard
            let session = try await access.session(
                for: subscription,
                tenant: key.tenant,
                in: store
            ),
            let content = try await content(subscription, key.tenant, session)
        else { return nil }
        var request = writer.request(
            id: "urn:ngsi-ld:Notification:\(makeIdentifier())",
            content,
            for: subscription,
            tenant: key.tenant,
            now: clock()
        )
        request.mayStillLeave = { [access] in
            await access.stillHolds(session, rules: rules, in: key.tenant)
        }
        guard clock() < turn.chargeEnd else { return nil }
        guard let sealed = try await session.sealUnlessObjected(request) else { return .withheld }
        return await sender.send(sealed)
    }

    /// The content; nil when there is nothing to tell.
    private nonisolated func content(
        _ subscription: IndexedSubscription,
        _ tenant: TenantName?,
        _ session: ReadSession
    ) async throws -> NotificationContent? {
        if subscription.subscription.registrations != nil {
            let view = try await registrations.view(of: tenant)
            return subscription.matchingRegistrations(view, now: clock())
        }
        let query = EntityQuery(
            condition: subscription.subscription.target,
            limit: limits.maximumPeriodicEntities
        )
        // On a thread of its owner's share, even for few entities: many subscriptions are due at
        // once, and no caller waits.
        let entities = try await session.read { try $0.entities(query).entities }
        return try await writer.content(entities, for: subscription, session)
    }

    private nonisolated func record(
        _ counts: DeliveryCounts,
        _ key: Key,
        _ store: any TenantStore
    ) async throws {
        try await store.bookkeep { try OutboxSettlement.write(counts, of: key, to: $0) }
    }
}

extension IndexedSubscription {
    fileprivate var intervalMicroseconds: Int64 { subscription.intervalMicroseconds ?? 0 }
}

extension Timestamp {
    /// The end of the interval that began at this moment, or now if that has passed.
    fileprivate func next(after now: Timestamp, interval: Int64) -> Timestamp {
        max(self, now).advanced(by: interval)
    }
}
