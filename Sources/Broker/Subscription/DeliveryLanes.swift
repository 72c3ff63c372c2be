import ContextModel
import Governance

/// Who is notified next: one lane for each subscription, in which one notification is on its way at
/// a time, and a bounded number of lanes under way for each receiver.
///
/// Lanes under way and messages kept are shared out among the owners of the subscriptions: whoever
/// fills its share waits alone, and loses its own messages alone.
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
        let owner: Party
        var phase = Phase.idle
        var queue = Queue<OutboxItem>()
        /// The oldest messages, while they are worked off.
        var underWay: [OutboxItem] = []
        var schedule: DeliverySchedule
        var receiver: ReceiverName?
        /// What of its queue is in the sums.
        var countedWaiting = 0
        var countedHeld = 0

        var count: Int { underWay.count + queue.count }
    }

    /// A receiver of one owner's notifications: what is slow or fails for one is not for another.
    private struct ReceiverName: Hashable {
        var owner: Party
        var authority: String
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
    private var receivers: [ReceiverName: Receiver] = [:]
    /// Receivers that may have room for one more, each in its turn, and who has lanes under way.
    private var open: FairQueue<Party, ReceiverName>
    /// Who has how many bytes of messages.
    private var shares: FairShares<Party>
    /// Notifications that could be sent, by the owners of the subscriptions.
    private(set) var waiting: [Party: Int] = [:]
    /// Notifications whose time has not come.
    private(set) var heldBack = 0

    init(limits: DeliveryLimits) {
        self.limits = limits
        open = FairQueue(places: limits.maximumConcurrent)
        shares = FairShares(capacity: limits.maximumBytes)
    }

    // MARK: Events

    /// A message for the subscription; returns those that there is no room for any more.
    mutating func add(
        _ item: OutboxItem,
        for key: Key,
        of subscription: IndexedSubscription?
    ) -> [OutboxItem] {
        let sent = subscription?.tally.counts.lastNotification
        var lane =
            lanes[key]
            ?? Lane(
                owner: Party(ofSubscriptionKey: key.id),
                schedule: DeliverySchedule(lastSent: sent)
            )
        var excess = makeRoom(for: item, &lane)
        if shares.mayTake(lane.owner, cost(of: item, for: lane.owner)) {
            charge(item, to: lane.owner)
            lane.queue.append(item)
        } else {
            excess.append(item)
        }
        guard lane.count > 0 || lanes[key] != nil else { return excess }
        excess += takeExcess(&lane)
        makeReady(key, &lane, receiver: subscription?.receiver)
        put(lane, key)
        return excess
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
        while let (name, owner) = open.popNext() {
            receivers[name]?.isListed = false
            guard hasRoom(name), let key = receivers[name]?.ready.popFirst(),
                var lane = lanes[key]
            else {
                open.giveBack(owner)
                continue
            }
            receivers[name]?.running += 1
            list(name)
            lane.phase = .running
            lane.receiver = name
            let page = throttled(key) ? limits.maximumHeldBack : limits.page
            lane.underWay = Array(lane.queue.prefix(page))
            lane.queue.removeFirst(lane.underWay.count)
            put(lane, key)
            return Start(key: key, items: lane.underWay, schedule: lane.schedule)
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
        if let receiver = lane.receiver { leave(receiver, outcome.succeeded) }
        for item in lane.underWay.prefix(outcome.done) { release(item, of: lane.owner) }
        lane.queue.prepend(lane.underWay.dropFirst(outcome.done))
        lane.underWay = []
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

    // MARK: Shares

    /// What a message takes of the owner's share: its bytes once, however many of its subscriptions
    /// get it, and something for each.
    private func cost(of item: OutboxItem, for owner: Party) -> Int {
        limits.bytesPerNotification + (item.isKept(for: owner) ? 0 : item.bytes)
    }

    private mutating func charge(_ item: OutboxItem, to owner: Party) {
        shares.take(owner, cost(of: item, for: owner))
        item.keep(for: owner)
    }

    private mutating func release(_ item: OutboxItem, of owner: Party) {
        item.drop(for: owner)
        shares.giveBack(owner, cost(of: item, for: owner))
    }

    /// The oldest messages of the lane, where its owner's share is used up: few at a time, also when
    /// the share has become much smaller.
    private mutating func makeRoom(for item: OutboxItem, _ lane: inout Lane) -> [OutboxItem] {
        var excess: [OutboxItem] = []
        while excess.count < limits.maximumShed,
            !shares.mayTake(lane.owner, cost(of: item, for: lane.owner)),
            let oldest = lane.queue.popFirst()
        {
            release(oldest, of: lane.owner)
            lane.schedule.skipped()
            excess.append(oldest)
        }
        return excess
    }

    /// The oldest messages of a lane that waits for its time and has too many.
    private mutating func takeExcess(_ lane: inout Lane) -> [OutboxItem] {
        guard lane.phase == .pausing else { return [] }
        let excess = Array(lane.queue.prefix(max(0, lane.queue.count - limits.maximumHeldBack)))
        if !excess.isEmpty { lane.schedule.skipped() }
        lane.queue.removeFirst(excess.count)
        for item in excess { release(item, of: lane.owner) }
        return excess
    }

    // MARK: Bookkeeping

    private mutating func makeReady(_ key: Key, _ lane: inout Lane, receiver: String?) {
        guard lane.phase == .idle, !lane.queue.isEmpty else { return }
        lane.phase = .ready
        let name = ReceiverName(owner: lane.owner, authority: receiver ?? "")
        receivers[name, default: Receiver()].ready.append(key)
        list(name)
    }

    private mutating func put(_ lane: Lane, _ key: Key) {
        var lane = lane
        let isHeld = lane.phase == .pausing
        let (nowWaiting, nowHeld) = isHeld ? (0, lane.count) : (lane.count, 0)
        let sum = waiting[lane.owner, default: 0] + nowWaiting - lane.countedWaiting
        waiting[lane.owner] = sum > 0 ? sum : nil
        heldBack += nowHeld - lane.countedHeld
        (lane.countedWaiting, lane.countedHeld) = (nowWaiting, nowHeld)
        lanes[key] = lane
    }

    private func hasRoom(_ name: ReceiverName) -> Bool {
        guard let receiver = receivers[name] else { return false }
        let limit =
            receiver.isFailing ? limits.maximumPerFailingEndpoint : limits.maximumPerEndpoint
        return receiver.running < limit
    }

    private mutating func list(_ name: ReceiverName) {
        guard let receiver = receivers[name], !receiver.isListed, !receiver.ready.isEmpty,
            hasRoom(name)
        else { return }
        receivers[name]?.isListed = true
        open.append(name, of: name.owner)
    }

    private mutating func leave(_ name: ReceiverName, _ succeeded: Bool?) {
        open.giveBack(name.owner)
        guard var receiver = receivers[name] else { return }
        receiver.running -= 1
        if let succeeded { receiver.isFailing = !succeeded }
        let isForgotten = receiver.running == 0 && receiver.ready.isEmpty && !receiver.isFailing
        receivers[name] = isForgotten ? nil : receiver
        list(name)
    }
}
