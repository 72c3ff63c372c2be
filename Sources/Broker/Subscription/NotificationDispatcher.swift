package import ContextModel
package import Governance
package import Logging
package import Storage

/// Takes notifications from the outbox to their receivers: at least once, in order for each
/// subscription, and so that a slow or dead receiver delays nobody else.
///
/// Each subscription has a lane; a lane sends one notification at a time. What lanes report is
/// written to the store together: one transaction for many notifications, which at the same time
/// waits for the transactions that put new ones into the outbox.
package actor NotificationDispatcher {
    typealias Key = SubscriptionMatcher.Key

    private let store: any Store
    private let subscriptions: SubscriptionMatcher
    private let writer: NotificationWriter
    private let sender: any NotificationSender
    private let limits: DeliveryLimits
    private let clock: @Sendable () -> Timestamp
    private let chance: @Sendable () -> Double
    private let logger: Logger

    private var lanes: [Key: Lane] = [:]
    /// Lanes with something to send, by receiver.
    private var ready: [String: ReadyLanes] = [:]
    private var running = 0
    private var reports: [LaneReport] = []
    private var tasks: [Int: Task<Void, Never>] = [:]
    private var nextTask = 0

    package init(
        store: any Store,
        policy: Policy,
        subscriptions: SubscriptionMatcher,
        sender: any NotificationSender,
        limits: DeliveryLimits = DeliveryLimits(),
        clock: @escaping @Sendable () -> Timestamp,
        chance: @escaping @Sendable () -> Double,
        logger: Logger
    ) {
        self.store = store
        self.subscriptions = subscriptions
        self.sender = sender
        self.limits = limits
        self.clock = clock
        self.chance = chance
        self.logger = logger
        writer = NotificationWriter(policy: policy, limits: limits)
    }

    // MARK: Life

    /// Delivers until the task is cancelled; starts with what an earlier run left.
    package func run() async {
        let signals = subscriptions.makeSignals()
        for key in subscriptions.keys { subscriptions.wake(key) }
        subscriptions.nudge()
        for await _ in signals {
            if Task.isCancelled { break }
            await turn()
        }
        for task in tasks.values { task.cancel() }
        for task in tasks.values { await task.value }
        await settle()
    }

    /// One turn: writes down what happened, then sends on.
    private func turn() async {
        let woken = subscriptions.takeWaiting()
        await settle(barrierFor: Set(woken.map(\.tenant)))
        for key in woken { wake(key) }
        startReady()
    }

    private func wake(_ key: Key) {
        let sent = subscriptions[key]?.record.delivery.lastNotification
        var lane = lanes[key] ?? Lane(schedule: DeliverySchedule(lastSent: sent))
        defer { lanes[key] = lane }
        // A lane that waits for its time is woken by `resume` alone.
        guard lane.phase == .idle else {
            lane.hasMore = true
            return
        }
        lane.phase = .ready
        let authority = subscriptions[key]?.subscription.notification.endpoint.authority ?? ""
        ready[authority, default: ReadyLanes()].waiting.append(key)
    }

    /// Starts lanes as far as the limits allow, a few of each receiver.
    private func startReady() {
        for (authority, var lanes) in ready {
            while running < limits.maximumConcurrent, lanes.running < limits.maximumPerEndpoint,
                let key = lanes.next()
            {
                lanes.running += 1
                start(key, authority: authority)
            }
            ready[authority] = lanes.isEmpty ? nil : lanes
        }
    }

    private func start(_ key: Key, authority: String) {
        running += 1
        lanes[key]?.phase = .running
        lanes[key]?.hasMore = false
        let schedule = lanes[key]?.schedule ?? DeliverySchedule()
        begin {
            let report = await self.work(key, schedule)
            await self.finish(report, authority: authority)
        }
    }

    /// Runs a task that ends with the dispatcher.
    private func begin(_ body: @escaping @Sendable () async -> Void) {
        let number = nextTask
        nextTask += 1
        tasks[number] = Task {
            await body()
            self.tasks[number] = nil
        }
    }

    private func finish(_ report: LaneReport, authority: String) {
        running -= 1
        ready[authority]?.running -= 1
        if ready[authority]?.isEmpty ?? false { ready[authority] = nil }
        lanes[report.key]?.schedule = report.schedule
        lanes[report.key]?.phase = .settling
        reports.append(report)
        subscriptions.nudge()
    }

    // MARK: Settling

    /// Writes all reports down, a transaction for each tenant, and frees their lanes.
    ///
    /// Tenants of the barrier get a transaction in any case: it is behind those that woke the
    /// dispatcher.
    private func settle(barrierFor barrier: Set<TenantName?> = []) async {
        let settled = reports
        reports = []
        let byTenant = Dictionary(grouping: settled, by: \.key.tenant)
        for tenant in barrier.union(byTenant.keys) {
            let own = byTenant[tenant] ?? []
            do {
                try await record(own, tenant)
                for report in own { release(report) }
            } catch {
                logger.error("Deliveries cannot be written down: \(error)")
                reports += own
                pause(until: Timestamp(microseconds: clock().microseconds + 1_000_000), nil)
            }
        }
    }

    private func record(_ reports: [LaneReport], _ tenant: TenantName?) async throws {
        guard let store = try await store.tenant(tenant) else { return }
        let deadLetters = reports.contains { $0.deadLetter != nil }
        let excess = deadLetters ? try await excessDeadLetters(store) : []
        try await store.bookkeep { transaction in
            for report in reports {
                if !report.done.isEmpty { try transaction.removeFromOutbox(report.done) }
                if let letter = report.deadLetter { try transaction.put(letter.document) }
                try Self.count(report, in: transaction)
            }
            for id in excess { _ = try transaction.removeDocument(.deadLetter, id: id) }
        }
    }

    private static func count(
        _ report: LaneReport,
        in transaction: any BookkeepingTransaction
    ) throws {
        guard report.counts != DeliveryCounts(),
            let document = try transaction.document(
                report.key.kind.documentKind,
                id: report.key.id
            ),
            var record = SubscriptionRecord(document)
        else { return }
        record.delivery.add(report.counts)
        try transaction.put(record.document)
    }

    private func excessDeadLetters(_ store: any TenantStore) async throws -> [String] {
        let ids = try await store.documents(.deadLetter).map(\.id)
        return Array(ids.dropLast(limits.maximumDeadLetters - 1))
    }

    /// The lane goes on, rests, or waits for its time.
    private func release(_ report: LaneReport) {
        let key = report.key
        let hasMore = report.hasMore || (lanes[key]?.hasMore ?? false)
        if let until = report.waitUntil, until > clock() {
            lanes[key]?.phase = .pausing
            pause(until: until, key)
        } else if hasMore || report.waitUntil != nil {
            lanes[key]?.phase = .idle
            wake(key)
        } else {
            let throttling = subscriptions[key]?.subscription.throttlingMicroseconds
            let isAtRest = report.schedule.isAtRest(
                throttlingMicroseconds: throttling,
                now: clock()
            )
            if isAtRest { lanes[key] = nil } else { lanes[key]?.phase = .idle }
        }
    }

    private func pause(until: Timestamp, _ key: Key?) {
        let microseconds = max(0, until.microseconds - clock().microseconds)
        begin {
            // Cancelled at the end of the program: then there is nothing to resume.
            guard (try? await Task.sleep(for: .microseconds(microseconds))) != nil else { return }
            await self.resume(key)
        }
    }

    private func resume(_ key: Key?) {
        guard let key else { return subscriptions.nudge() }
        guard lanes[key]?.phase == .pausing else { return }
        lanes[key]?.phase = .idle
        subscriptions.wake(key)
    }

    // MARK: Working off a lane

    /// Sends what waits for the subscription, oldest first, until there is no more for now, its
    /// time has not come, or sending fails.
    private nonisolated func work(_ key: Key, _ schedule: DeliverySchedule) async -> LaneReport {
        var report = LaneReport(key: key, schedule: schedule)
        do {
            guard let store = try await store.tenant(key.tenant) else { return report }
            let messages = try await store.outbox(subscription: key.outbox, limit: limits.page)
            report.hasMore = messages.count == limits.page
            guard let subscription = subscriptions[key] else {
                report.done = messages.map(\.sequence)
                return report
            }
            try await deliver(messages[...], for: subscription, from: store, into: &report)
        } catch {
            logger.error("Notifications cannot be made from the store: \(error)")
            report.waitUntil = Timestamp(microseconds: clock().microseconds + 1_000_000)
        }
        return report
    }

    private nonisolated func deliver(
        _ messages: ArraySlice<OutboxMessage>,
        for subscription: IndexedSubscription,
        from store: any TenantStore,
        into report: inout LaneReport
    ) async throws {
        let throttling = subscription.subscription.throttlingMicroseconds
        var rest = messages
        while !rest.isEmpty, !Task.isCancelled {
            let now = clock()
            guard subscription.subscription.isInForce(at: now) else {
                // Paused or expired: nothing may be sent (clause 5.8.6), and nothing piles up.
                report.done += rest.map(\.sequence)
                return
            }
            let step = report.schedule.step(throttlingMicroseconds: throttling, now: now)
            if case .wait(let until) = step {
                report.waitUntil = until
                return
            }
            // With throttling, all that waited goes into one notification.
            let batch = throttling == nil ? rest.prefix(1) : writer.together(rest, report.key.kind)
            guard try await send(batch, for: subscription, from: store, into: &report) else {
                return
            }
            rest = rest.dropFirst(batch.count)
        }
    }

    /// Whether the lane may go on.
    private nonisolated func send(
        _ batch: ArraySlice<OutboxMessage>,
        for subscription: IndexedSubscription,
        from store: any TenantStore,
        into report: inout LaneReport
    ) async throws -> Bool {
        guard let first = batch.first else { return true }
        let tenant = report.key.tenant
        let content = try await writer.content(
            of: batch,
            for: subscription,
            tenant: tenant,
            in: store
        )
        guard let content else {
            report.done += batch.map(\.sequence)
            return true
        }
        // The same notification has the same identifier when it is sent again.
        let id =
            "urn:ngsi-ld:Notification:"
            + String(first.enqueuedAt.microseconds, radix: 16) + "-\(first.sequence)"
        let request = writer.request(
            id: id,
            content,
            for: subscription,
            tenant: tenant,
            now: clock()
        )
        let result = await sender.send(request)
        if Task.isCancelled, result != .delivered { return false }
        return take(result, batch, for: subscription, into: &report)
    }

    private nonisolated func take(
        _ result: DeliveryResult,
        _ batch: ArraySlice<OutboxMessage>,
        for subscription: IndexedSubscription,
        into report: inout LaneReport
    ) -> Bool {
        let now = clock()
        report.counts.count(success: result == .delivered, at: now)
        guard case .failed(let reason) = result else {
            report.schedule.succeeded(at: now)
            report.done += batch.map(\.sequence)
            return true
        }
        logger.info(
            "Notifying '\(subscription.record.id)' failed: \(reason)",
            metadata: ["receiver": "\(subscription.subscription.notification.endpoint.authority)"]
        )
        let verdict = report.schedule.failed(
            at: now,
            limits: limits,
            cooldownMilliseconds: subscription.subscription.notification.endpoint
                .cooldownMilliseconds,
            chance: chance()
        )
        if verdict == .giveUp, let oldest = batch.first {
            report.deadLetter = DeadLetter(oldest, abandonedAt: now, reason: reason)
            report.done.append(oldest.sequence)
        }
        report.waitUntil = report.schedule.notBefore ?? now
        return false
    }
}

/// What the dispatcher knows of a subscription.
private struct Lane {
    enum Phase {
        case idle, ready, running, settling, pausing
    }
    var phase = Phase.idle
    var schedule: DeliverySchedule
    /// Woken while it was busy.
    var hasMore = false
}

/// Lanes of one receiver.
private struct ReadyLanes {
    var waiting: [SubscriptionMatcher.Key] = []
    private var taken = 0
    var running = 0
    var isEmpty: Bool { taken == waiting.count && running == 0 }

    /// Takes the lane that has waited longest.
    mutating func next() -> SubscriptionMatcher.Key? {
        guard taken < waiting.count else {
            waiting.removeAll(keepingCapacity: true)
            taken = 0
            return nil
        }
        taken += 1
        return waiting[taken - 1]
    }
}

/// What one turn of a lane came to.
private struct LaneReport: Sendable {
    let key: SubscriptionMatcher.Key
    var schedule: DeliverySchedule
    /// Messages that leave the outbox.
    var done: [Int64] = []
    var counts = DeliveryCounts()
    var deadLetter: DeadLetter?
    var waitUntil: Timestamp?
    /// The page was full.
    var hasMore = false
}
