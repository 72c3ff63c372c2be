package import ContextModel
package import Governance
package import Logging
package import Storage

/// Takes notifications from the outbox to their receivers: at least once, in order for each
/// subscription, and so that a slow or dead receiver delays nobody else.
///
/// What is delivered is written to the store behind the deliveries, many at once: a program that
/// is killed sends some again.
package actor NotificationDispatcher {
    typealias Key = SubscriptionMatcher.Key

    private let work: LaneWork
    private let store: any Store
    private let subscriptions: SubscriptionMatcher
    private let feed: OutboxFeed
    private let limits: DeliveryLimits
    private let clock: @Sendable () -> Timestamp
    private let logger: Logger

    private var lanes: DeliveryLanes
    private var unsettled: [TenantName?: OutboxSettlement] = [:]
    private var isSettling = false
    private var deadLetters: [TenantName?: DeadLetterRoom] = [:]
    /// Messages that some of their recipients have got, and since when.
    private var partlyDone: [ObjectIdentifier: (item: OutboxItem, since: Timestamp)] = [:]
    /// Subscriptions whose counts the store does not know yet.
    private var uncounted: Set<Key> = []
    private var countsWrittenAt = Timestamp(microseconds: 0)
    private var isHousekeeping = false
    /// Messages whose contents are in memory.
    private var loaded: Set<ObjectIdentifier> = []
    private var loadedBytes = 0
    /// What was read at the start comes once more, as news, and is not taken twice.
    private var readUpTo: [TenantName?: Int64] = [:]
    private var tasks: [Int: Task<Void, Never>] = [:]
    private var nextTask = 0
    /// Set when no lane begins any more.
    private var isStopping = false

    private static let housekeepingMicroseconds: Int64 = 1_000_000
    private static let countsPerSettlement = 500

    package init(
        store: any Store,
        policy: PolicyInForce,
        subscriptions: SubscriptionMatcher,
        sender: any NotificationSender,
        identity: HubIdentity,
        limits: DeliveryLimits = DeliveryLimits(),
        clock: @escaping @Sendable () -> Timestamp,
        chance: @escaping @Sendable () -> Double,
        logger: Logger
    ) {
        self.store = store
        self.subscriptions = subscriptions
        feed = subscriptions.feed
        self.limits = limits
        self.clock = clock
        self.logger = logger
        lanes = DeliveryLanes(limits: limits)
        work = LaneWork(
            store: store,
            subscriptions: subscriptions,
            policy: policy,
            writer: NotificationWriter(limits: limits),
            sender: sender,
            identity: identity,
            limits: limits,
            clock: clock,
            chance: chance,
            logger: logger
        )
    }

    // MARK: Life

    /// Delivers until the task is cancelled; starts with what an earlier run left.
    package func run() async {
        let signals = feed.attend()
        await readOutbox()
        turn()
        for await _ in signals {
            if Task.isCancelled { break }
            turn()
        }
        feed.leave()
        isStopping = true
        for task in tasks.values { task.cancel() }
        for task in tasks.values { await task.value }
        for (item, _) in partlyDone.values { narrow(item) }
        await settle(uncounted)
    }

    private func readOutbox() async {
        while !Task.isCancelled {
            do {
                // A snapshot's store is no tenant's, and has subscriptions, too.
                let tenants = [nil] + (await store.tenantNames) + subscriptions.keys.map(\.tenant)
                for tenant in Set(tenants) { try await readOutbox(of: tenant) }
                return
            } catch {
                logger.error("The outbox cannot be read: \(error)")
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func readOutbox(of tenant: TenantName?) async throws {
        guard let store = try await store.tenant(tenant) else { return }
        while !Task.isCancelled {
            let last = readUpTo[tenant] ?? 0
            let page = try await store.outbox(
                after: last,
                limit: limits.startPage,
                grant: InternalGrant(.delivering)
            )
            for message in page {
                let keepsContent = mayLoad(message.body.count)
                take(OutboxItem(message, tenant: tenant, keepsContent: keepsContent))
            }
            guard let newest = page.last else { return }
            readUpTo[tenant] = newest.sequence
            startLanes()
        }
    }

    private func turn() {
        let news = feed.takeNews()
        for item in news.arrived where item.sequence > readUpTo[item.tenant] ?? 0 { take(item) }
        for key in news.changed { lanes.note(key, subscriptions[key]) }
        startLanes()
    }

    private func take(_ item: OutboxItem) {
        if mayLoad(item.bytes) {
            loaded.insert(ObjectIdentifier(item))
            loadedBytes += item.bytes
        } else {
            item.unload()
        }
        for recipient in item.recipients {
            let key = Key(tenant: item.tenant, outbox: recipient)
            giveUp(lanes.add(item, for: key, of: subscriptions[key]), key)
        }
    }

    private func giveUp(_ excess: [OutboxItem], _ key: Key) {
        for item in excess {
            let why = Abandonment(at: clock(), reason: "Too many notifications waited for it.")
            giveUp(item, key, why)
        }
    }

    private func startLanes() {
        while !isStopping, let start = lanes.next(throttled: isThrottled) {
            let number = nextTask
            nextTask += 1
            tasks[number] = Task.detached { [work] in
                let report = await work.run(start)
                await self.finish(start, report, number)
            }
        }
        feed.setWaiting(lanes.waiting)
        settleSoon()
    }

    private func isThrottled(_ key: Key) -> Bool {
        subscriptions[key]?.subscription.throttlingMicroseconds != nil
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

    private func finish(_ start: DeliveryLanes.Start, _ report: LaneReport, _ task: Int) {
        tasks[task] = nil
        let key = start.key
        var done = start.items.prefix(report.outcome.done)
        if let why = report.givenUp, let last = done.popLast() { giveUp(last, key, why) }
        for item in done { drop(item, key) }
        if report.outcome.succeeded != nil { count(key) }
        giveUp(lanes.finish(key, report.outcome, subscriptions[key], now: clock()), key)
        if let until = report.outcome.waitUntil { pause(key, until: until) }
        startLanes()
    }

    private func pause(_ key: Key, until: Timestamp) {
        let microseconds = max(0, until.microseconds - clock().microseconds)
        begin {
            // Cancelled at the end of the program: then there is nothing to resume.
            guard (try? await Task.sleep(for: .microseconds(microseconds))) != nil else { return }
            await self.resume(key)
        }
    }

    private func resume(_ key: Key) {
        lanes.resume(key, subscriptions[key])
        startLanes()
    }

    // MARK: What the store must learn

    private func giveUp(_ item: OutboxItem, _ key: Key, _ why: Abandonment) {
        unsettled[item.tenant, default: OutboxSettlement()].letters.append(
            .init(
                sequence: item.sequence,
                recipient: key.outbox,
                why: why,
                bytes: item.bytes
            )
        )
        drop(item, key)
    }

    /// The recipient is done with the message.
    private func drop(_ item: OutboxItem, _ key: Key) {
        let name = ObjectIdentifier(item)
        if item.finish(key.outbox) {
            unsettled[item.tenant, default: OutboxSettlement()].removed.append(item.sequence)
            partlyDone[name] = nil
            forgetLoaded(item)
        } else if partlyDone[name] == nil {
            partlyDone[name] = (item, clock())
            keepHouse()
        }
    }

    private func narrow(_ item: OutboxItem) {
        unsettled[item.tenant, default: OutboxSettlement()].narrowed.append(
            (item.sequence, item.narrow())
        )
        partlyDone[ObjectIdentifier(item)] = nil
        if forgetLoaded(item) { item.unload() }
    }

    private func mayLoad(_ bytes: Int) -> Bool {
        loaded.count < limits.maximumLoaded && loadedBytes + bytes <= limits.maximumLoadedBytes
    }

    @discardableResult
    private func forgetLoaded(_ item: OutboxItem) -> Bool {
        guard loaded.remove(ObjectIdentifier(item)) != nil else { return false }
        loadedBytes -= item.bytes
        return true
    }

    /// The throttling of a subscription goes on after a restart, so its last notification is
    /// written down at once.
    private func count(_ key: Key) {
        if isThrottled(key) {
            unsettled[key.tenant, default: OutboxSettlement()].counted.insert(key)
        } else {
            uncounted.insert(key)
            keepHouse()
        }
    }

    private func keepHouse() {
        guard !isHousekeeping else { return }
        isHousekeeping = true
        begin {
            let pause = Duration.microseconds(Self.housekeepingMicroseconds)
            guard (try? await Task.sleep(for: pause)) != nil else { return }
            await self.housekeep()
        }
    }

    private func housekeep() async {
        let now = clock()
        let due = now.advanced(by: -limits.narrowingDelayMicroseconds)
        for (item, since) in partlyDone.values where since <= due { narrow(item) }
        if countsWrittenAt.advanced(by: limits.countsDelayMicroseconds) <= now {
            countsWrittenAt = now
            let keys = uncounted
            uncounted = []
            await settle(keys)
        }
        settleSoon()
        isHousekeeping = false
        if !partlyDone.isEmpty || !uncounted.isEmpty { keepHouse() }
    }

    // MARK: Settling

    private func settleSoon() {
        guard !isSettling, !unsettled.isEmpty else { return }
        isSettling = true
        begin {
            await self.settle()
            await self.endSettling()
        }
    }

    private func endSettling() {
        isSettling = false
        settleSoon()
    }

    /// Writes all there is down, and these counts, a transaction for each tenant and so many counts.
    private func settle(_ keys: Set<Key> = []) async {
        var rest = Array(keys)
        repeat {
            for key in rest.suffix(Self.countsPerSettlement) {
                unsettled[key.tenant, default: OutboxSettlement()].counted.insert(key)
            }
            rest.removeLast(min(rest.count, Self.countsPerSettlement))
            let settlements = unsettled
            unsettled = [:]
            for (tenant, settlement) in settlements { await write(settlement, tenant) }
        } while !rest.isEmpty
    }

    private func write(_ settlement: OutboxSettlement, _ tenant: TenantName?) async {
        let counts = settlement.counted.reduce(into: [:]) { counts, key in
            counts[key] = subscriptions[key]?.tally.counts
        }
        do {
            guard let store = try await store.tenant(tenant) else { return }
            let mustTrim = deadLetters[tenant, default: DeadLetterRoom(limits: limits)]
                .mustBeTrimmed(after: settlement.letters)
            let dropped = try await store.bookkeep { [limits] transaction in
                let lost = try settlement.write(to: transaction, counts, limits: limits)
                return try lost + (mustTrim ? DeadLetterRoom.trim(transaction, limits) : 0)
            }
            if dropped > 0 {
                logger.warning(
                    "\(dropped) dead letters are gone: there is room for \(limits.maximumDeadLetters)."
                )
            }
        } catch {
            logger.error("Deliveries cannot be written down: \(error)")
            unsettled[tenant, default: OutboxSettlement()].add(settlement)
            try? await Task.sleep(for: .seconds(1))
        }
    }
}
