import ContextModel
import Governance
package import Logging
package import Storage

/// Delivers notifications from the outbox to their receivers: at least once, in order for each
/// subscription, and so that a slow or dead receiver delays no other.
///
/// `Deliveries` knows the state of each message; the dispatcher carries out what it says. It runs
/// lanes, sleeps until waiting lanes may continue, claims messages
/// (`NotificationDispatcher+Claiming`) and stores their outcomes
/// (`NotificationDispatcher+Settling`).
package actor NotificationDispatcher {
    typealias Key = SubscriptionKey

    let store: any Store
    let subscriptions: SubscriptionRegistry
    let feed: OutboxFeed
    let limits: DeliveryLimits
    let clock: HubClock
    let logger: Logger
    /// The name of this process in leases.
    let process: String
    private let work: LaneWork

    /// All messages that this process has claimed.
    var deliveries: Deliveries
    /// The outboxes whose leases this process has.
    var claims: [TenantName?: OutboxClaim] = [:]
    /// The tenants whose outbox is being claimed, and those of them that must be checked again.
    var claiming: Set<TenantName?> = []
    var claimsAgain: Set<TenantName?> = []
    /// How often this process has taken each outbox over from another.
    var takeovers: [TenantName?: Int] = [:]
    /// The times until which an outbox of another process is not asked for, except in regular
    /// checks.
    var refusedUntil: [TenantName?: Timestamp] = [:]
    var isSettling = false
    var deadLetters: [TenantName?: DeadLetterLimit] = [:]
    /// The subscriptions whose counts are not stored yet.
    var uncounted: Set<Key> = []
    var countsWrittenAt = Timestamp(microseconds: 0)
    var isHousekeeping = false
    private var tasks: [Int: Task<Void, Never>] = [:]
    private var nextTask = 0
    /// Set when no lane may start any more.
    var isStopping = false

    /// `process` must be unique among the processes of the hub, and the same after a restart.
    package init(
        store: any Store,
        access: Access,
        subscriptions: SubscriptionRegistry,
        feed: OutboxFeed,
        sender: any NotificationSender,
        identity: HubIdentity,
        process: String = "hub",
        limits: DeliveryLimits = DeliveryLimits(),
        clock: HubClock,
        chance: @escaping @Sendable () -> Double,
        logger: Logger
    ) {
        self.store = store
        self.subscriptions = subscriptions
        self.process = process
        self.feed = feed
        self.limits = limits
        self.clock = clock
        self.logger = logger
        deliveries = Deliveries(limits: limits)
        work = LaneWork(
            store: store,
            subscriptions: subscriptions,
            access: access,
            writer: NotificationWriter(limits: limits),
            sender: sender,
            identity: identity,
            limits: limits,
            clock: clock,
            chance: chance,
            logger: logger
        )
    }

    // MARK: Lifecycle

    /// Delivers until the task is cancelled, beginning with messages of an earlier run.
    package func run() async {
        let signals = feed.attend()
        await claimWhatWaits()
        begin { await self.watch() }
        turn()
        for await _ in signals {
            if Task.isCancelled { break }
            turn()
        }
        feed.leave()
        isStopping = true
        for task in tasks.values { task.cancel() }
        for task in tasks.values { await task.value }
        deliveries.narrow(doneSince: Timestamp(microseconds: .max))
        await settle(uncounted)
        await releaseOutboxes()
    }

    /// Takes news and starts what can be started.
    func turn() {
        let news = feed.takeNews()
        for arrival in news.arrived { take(arrival) }
        for key in news.changed { deliveries.note(key, subscriptions[key]) }
        startLanes()
        for tenant in news.unclaimed { claimUnlessRefused(tenant) }
    }

    // MARK: Lanes

    func startLanes() {
        while !isStopping, let start = deliveries.next(throttled: isThrottled) {
            guard let end = claims[start.key.tenant]?.lease.until, clock() < end else {
                // The lease could not be extended in time; the lane is tried again.
                var outcome = DeliveryLanes.Outcome(schedule: start.schedule)
                outcome.waitUntil = clock().advanced(by: limits.claimIntervalMicroseconds)
                take(outcome, of: start.key)
                continue
            }
            let charge = TenantCharge(
                until: end,
                takeovers: takeovers[start.key.tenant, default: 0]
            )
            let number = nextTask
            nextTask += 1
            tasks[number] = Task.detached { [work] in
                let outcome = await work.run(start, charge)
                await self.finish(start.key, outcome, number)
            }
        }
        feed.setWaiting(deliveries.waiting)
        settleSoon()
    }

    func isThrottled(_ key: Key) -> Bool {
        subscriptions[key]?.subscription.throttlingMicroseconds != nil
    }

    /// Runs a task that ends with the dispatcher.
    func begin(_ body: @escaping @Sendable () async -> Void) {
        let number = nextTask
        nextTask += 1
        tasks[number] = Task {
            await body()
            self.tasks[number] = nil
        }
    }

    private func finish(_ key: Key, _ outcome: DeliveryLanes.Outcome, _ task: Int) {
        tasks[task] = nil
        if outcome.succeeded != nil { count(key) }
        take(outcome, of: key)
        startLanes()
    }

    private func take(_ outcome: DeliveryLanes.Outcome, of key: Key) {
        deliveries.finish(key, outcome, subscriptions[key], now: clock())
        if let until = outcome.waitUntil { pause(key, until: until) }
        housekeepSoon()
    }

    private func pause(_ key: Key, until: Timestamp) {
        let microseconds = max(0, until.microseconds - clock().microseconds)
        begin {
            // If the program ends meanwhile, there is nothing to resume.
            guard (try? await self.clock.sleep(for: .microseconds(microseconds))) != nil else {
                return
            }
            await self.resume(key)
        }
    }

    private func resume(_ key: Key) {
        deliveries.resume(key, subscriptions[key])
        startLanes()
    }
}
