import ContextModel

/// Who is notified next: one lane for each subscription, in which one notification is on its way at
/// a time, and a bounded number of lanes under way for each receiver.
///
/// A value that turns what happens into what to do; the dispatcher obeys.
struct DeliveryLanes {
    typealias Key = SubscriptionMatcher.Key

    /// A lane to be worked off.
    struct Start {
        var key: Key
        /// The oldest messages.
        var items: [OutboxItem]
        var schedule: DeliverySchedule
    }

    /// What came of it.
    struct Outcome {
        /// So many of the oldest messages are dealt with.
        var done = 0
        var schedule: DeliverySchedule
        /// Whether the receiver took the last notification; nil when none was sent.
        var succeeded: Bool?
        var waitUntil: Timestamp?
    }

    private struct Lane {
        enum Phase { case idle, ready, running, pausing }
        var phase = Phase.idle
        var queue = Queue<OutboxItem>()
        var schedule: DeliverySchedule
        var receiver = ""
        /// What of its queue is in the sums.
        var countedWaiting = 0
        var countedHeld = 0
    }

    private struct Receiver {
        var ready = Queue<Key>()
        var running = 0
        var isFailing = false
        /// In `open`.
        var isListed = false
    }

    private let limits: DeliveryLimits
    private var lanes: [Key: Lane] = [:]
    private var receivers: [String: Receiver] = [:]
    /// Receivers that may have room for one more, each in its turn.
    private var open = Queue<String>()
    private var running = 0
    /// Notifications that could be sent.
    private(set) var waiting = 0
    /// Notifications whose time has not come.
    private(set) var heldBack = 0

    init(limits: DeliveryLimits) { self.limits = limits }

    // MARK: Events

    /// A message for the subscription; returns those that there is no room for any more.
    mutating func add(
        _ item: OutboxItem,
        for key: Key,
        of subscription: IndexedSubscription?
    ) -> [OutboxItem] {
        let sent = subscription?.tally.counts.lastNotification
        var lane = lanes[key] ?? Lane(schedule: DeliverySchedule(lastSent: sent))
        lane.queue.append(item)
        let excess = takeExcess(&lane)
        makeReady(key, &lane, receiver: subscription?.receiver)
        put(lane, key)
        return excess
    }

    private var maximumHeldBack: Int {
        heldBack < limits.maximumHeldBackInAll
            ? limits.maximumHeldBack : limits.maximumHeldBackWhenFull
    }

    /// The subscription changed or went: what its lane waits for may have come.
    mutating func note(_ key: Key, _ subscription: IndexedSubscription?) {
        guard var lane = lanes[key] else { return }
        if lane.phase == .pausing {
            lane.phase = .idle
            lane.schedule.hurry()
        }
        makeReady(key, &lane, receiver: subscription?.receiver)
        put(lane, key)
    }

    /// The time that a lane waited for has come.
    mutating func resume(_ key: Key, _ subscription: IndexedSubscription?) {
        guard var lane = lanes[key], lane.phase == .pausing else { return }
        lane.phase = .idle
        makeReady(key, &lane, receiver: subscription?.receiver)
        put(lane, key)
    }

    /// The next lane to work off; nil when there is none, or no room.
    mutating func next(throttled: (Key) -> Bool) -> Start? {
        guard running < limits.maximumConcurrent else { return nil }
        while let name = open.popFirst() {
            receivers[name]?.isListed = false
            guard hasRoom(name), let key = receivers[name]?.ready.popFirst(),
                var lane = lanes[key]
            else { continue }
            running += 1
            receivers[name]?.running += 1
            list(name)
            lane.phase = .running
            lane.receiver = name
            put(lane, key)
            let page = throttled(key) ? limits.maximumHeldBack : limits.page
            return Start(
                key: key,
                items: Array(lane.queue.prefix(page)),
                schedule: lane.schedule
            )
        }
        return nil
    }

    /// The lane is worked off, as far as it went; returns messages that there is no room for.
    mutating func finish(
        _ key: Key,
        _ outcome: Outcome,
        _ subscription: IndexedSubscription?,
        now: Timestamp
    ) -> [OutboxItem] {
        guard var lane = lanes[key] else { return [] }
        running -= 1
        leave(lane.receiver, outcome.succeeded)
        lane.queue.removeFirst(outcome.done)
        lane.schedule = outcome.schedule
        lane.phase = .idle
        if let until = outcome.waitUntil, until > now, !lane.queue.isEmpty {
            lane.phase = .pausing
        } else {
            makeReady(key, &lane, receiver: subscription?.receiver)
        }
        let excess = takeExcess(&lane)
        put(lane, key)
        let throttling = subscription?.subscription.throttlingMicroseconds
        if lane.phase == .idle,
            lane.schedule.isAtRest(throttlingMicroseconds: throttling, now: now)
        {
            lanes[key] = nil
        }
        return excess
    }

    // MARK: Bookkeeping

    /// The oldest messages of a lane that waits for its time and has too many.
    private func takeExcess(_ lane: inout Lane) -> [OutboxItem] {
        guard lane.phase == .pausing else { return [] }
        let count = max(0, lane.queue.count - maximumHeldBack)
        if count > 0 { lane.schedule.skipped() }
        defer { lane.queue.removeFirst(count) }
        return Array(lane.queue.prefix(count))
    }

    private mutating func makeReady(_ key: Key, _ lane: inout Lane, receiver: String?) {
        guard lane.phase == .idle, !lane.queue.isEmpty else { return }
        lane.phase = .ready
        let name = receiver ?? ""
        receivers[name, default: Receiver()].ready.append(key)
        list(name)
    }

    private mutating func put(_ lane: Lane, _ key: Key) {
        var lane = lane
        let isHeld = lane.phase == .pausing
        let (nowWaiting, nowHeld) = isHeld ? (0, lane.queue.count) : (lane.queue.count, 0)
        waiting += nowWaiting - lane.countedWaiting
        heldBack += nowHeld - lane.countedHeld
        (lane.countedWaiting, lane.countedHeld) = (nowWaiting, nowHeld)
        lanes[key] = lane
    }

    private func hasRoom(_ name: String) -> Bool {
        guard let receiver = receivers[name] else { return false }
        let limit =
            receiver.isFailing ? limits.maximumPerFailingEndpoint : limits.maximumPerEndpoint
        return receiver.running < limit
    }

    private mutating func list(_ name: String) {
        guard let receiver = receivers[name], !receiver.isListed, !receiver.ready.isEmpty,
            hasRoom(name)
        else { return }
        receivers[name]?.isListed = true
        open.append(name)
    }

    private mutating func leave(_ name: String, _ succeeded: Bool?) {
        guard var receiver = receivers[name] else { return }
        receiver.running -= 1
        if let succeeded { receiver.isFailing = !succeeded }
        let isForgotten = receiver.running == 0 && receiver.ready.isEmpty && !receiver.isFailing
        receivers[name] = isForgotten ? nil : receiver
        list(name)
    }
}
