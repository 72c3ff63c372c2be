import ContextModel
import DequeModule
import Governance

/// Decides what is sent next.
///
/// There is one lane for each subscription, in which one notification is sent at a time, and a
/// limit of running lanes for each receiver. Running lanes and memory for messages are shared out
/// among the owners of subscriptions: an owner that uses up its share delays and loses its own
/// messages alone.
///
/// It is a value that turns events into actions, which the dispatcher carries out.
struct DeliveryLanes {
    typealias Key = SubscriptionKey

    /// A lane to run.
    struct Start {
        var key: Key
        /// The oldest messages.
        var items: [OutboxItem]
        var schedule: DeliverySchedule
    }

    /// The outcome of a lane.
    struct Outcome {
        /// The number of its oldest messages that are done.
        var done = 0
        /// Set when the last of these was given up.
        var givenUp: Abandonment?
        var schedule: DeliverySchedule
        /// Whether the receiver accepted the last notification; nil when none was sent.
        var succeeded: Bool?
        var waitUntil: Timestamp?
    }

    private struct Lane {
        enum Phase { case idle, ready, running, pausing }
        let owner: Party
        /// The creation of the subscription: another one may get its name later.
        var madeAt: Timestamp?
        var phase = Phase.idle
        var queue = Deque<Delivery>()
        /// The oldest deliveries, while the lane runs.
        var underWay: [Delivery] = []
        var schedule: DeliverySchedule
        var receiver: ReceiverName?
        /// The part of its queue that is counted in the sums.
        var countedWaiting = 0
        var countedHeld = 0

        var count: Int { underWay.count + queue.count }
    }

    /// A receiver for one owner's notifications, so that a failure for one owner does not affect
    /// others.
    private struct ReceiverName: Hashable {
        var owner: Party
        var authority: String
    }

    private struct Receiver {
        var ready = Deque<Key>()
        var running = 0
        var isFailing = false
        /// Whether it is in `open`.
        var isListed = false
    }

    private struct Kept: Hashable {
        var tenant: TenantName?
        var sequence: Int64
        var owner: Party
    }

    private let limits: DeliveryLimits
    private var lanes: [Key: Lane] = [:]
    private var receivers: [ReceiverName: Receiver] = [:]
    /// The receivers that may have another lane to run, in turns, and the owners of running lanes.
    private var open: FairQueue<Party, ReceiverName>
    /// The bytes of messages of each owner.
    private var shares: FairShares<Party>
    /// The number of subscriptions of an owner that have the message in their lanes.
    private var kept: [Kept: Int] = [:]
    /// The notifications that could be sent, by the owners of the subscriptions.
    private(set) var waiting: [Party: Int] = [:]
    /// The number of notifications whose time has not come.
    private(set) var heldBack = 0

    init(limits: DeliveryLimits) {
        self.limits = limits
        open = FairQueue(places: limits.maximumConcurrent)
        shares = FairShares(capacity: limits.maximumBytes)
    }

    // MARK: Events

    /// Adds a message for the subscription; returns the deliveries that are dropped for it.
    mutating func add(
        _ item: OutboxItem,
        for key: Key,
        of subscription: IndexedSubscription?,
        now: Timestamp
    ) -> [Delivery] {
        let sent = subscription?.tally.counts.lastNotification
        var lane =
            lanes[key]
            ?? Lane(
                owner: Party(ofSubscriptionKey: key.id),
                madeAt: subscription?.record.createdAt,
                schedule: DeliverySchedule(lastSent: sent)
            )
        var excess = dropOldest(for: item, &lane)
        let delivery = Delivery(item)
        if shares.mayTake(lane.owner, cost(of: item, for: lane.owner)) {
            charge(item, to: lane.owner)
            lane.queue.append(delivery)
        } else {
            excess.append(delivery)
        }
        guard lane.count > 0 || lanes[key] != nil else { return Self.givenUp(excess, at: now) }
        excess += takeExcess(&lane)
        makeReady(key, &lane, receiver: subscription?.receiver)
        put(lane, key)
        return Self.givenUp(excess, at: now)
    }

    /// Notes that the subscription was changed or removed, which may end a lane's wait.
    mutating func note(_ key: Key, _ subscription: IndexedSubscription?) {
        guard var lane = lanes[key] else { return }
        if lane.phase == .pausing {
            lane.phase = .idle
            lane.schedule.hurry()
        }
        if let subscription, lane.madeAt != subscription.record.createdAt {
            lane.madeAt = subscription.record.createdAt
            let sent = subscription.tally.counts.lastNotification
            lane.schedule = DeliverySchedule(lastSent: sent)
        }
        makeReady(key, &lane, receiver: subscription?.receiver)
        put(lane, key)
    }

    /// Notes that the time has come for which a lane waited.
    mutating func resume(_ key: Key, _ subscription: IndexedSubscription?) {
        guard var lane = lanes[key], lane.phase == .pausing else { return }
        lane.phase = .idle
        makeReady(key, &lane, receiver: subscription?.receiver)
        put(lane, key)
    }

    /// The next lane to run; nil when there is none, or too many run.
    mutating func next(throttled: (Key) -> Bool) -> Start? {
        while let (name, owner) = open.popNext() {
            receivers[name]?.isListed = false
            guard mayRun(name), let key = receivers[name]?.ready.popFirst(),
                var lane = lanes[key]
            else {
                open.giveBack(owner)
                continue
            }
            guard !lane.queue.isEmpty else {
                // It was abandoned meanwhile.
                lanes[key] = nil
                open.giveBack(owner)
                list(name)
                continue
            }
            receivers[name]?.running += 1
            list(name)
            lane.phase = .running
            lane.receiver = name
            let page = throttled(key) ? limits.maximumHeldBack : limits.page
            lane.underWay = Array(lane.queue.prefix(page))
            lane.queue.removeFirst(lane.underWay.count)
            for index in lane.underWay.indices { lane.underWay[index].take(.begin) }
            put(lane, key)
            return Start(
                key: key,
                items: lane.underWay.map(\.content),
                schedule: lane.schedule
            )
        }
        return nil
    }

    /// Notes the outcome of a lane; returns the deliveries that are done, and those that exceed
    /// the limits.
    mutating func finish(
        _ key: Key,
        _ outcome: Outcome,
        _ subscription: IndexedSubscription?,
        now: Timestamp
    ) -> [Delivery] {
        guard var lane = lanes[key] else { return [] }
        if let receiver = lane.receiver { leave(receiver, outcome.succeeded) }
        let over = takeUnderWay(&lane, outcome)
        lane.schedule = outcome.schedule
        lane.phase = .idle
        if let until = outcome.waitUntil, until > now, !lane.queue.isEmpty {
            lane.phase = .pausing
        } else {
            makeReady(key, &lane, receiver: subscription?.receiver)
        }
        let excess = Self.givenUp(takeExcess(&lane), at: now)
        put(lane, key)
        let throttling = subscription?.subscription.throttlingMicroseconds
        if lane.phase == .idle,
            lane.schedule.isAtRest(throttlingMicroseconds: throttling, now: now)
        {
            lanes[key] = nil
        }
        return over + excess
    }

    /// Removes the deliveries that are done, and returns the others to the front of the queue.
    private mutating func takeUnderWay(_ lane: inout Lane, _ outcome: Outcome) -> [Delivery] {
        var underWay = lane.underWay
        lane.underWay = []
        // There are fewer if some were abandoned meanwhile.
        let done = min(outcome.done, underWay.count)
        for index in underWay.indices {
            switch index {
            case done - 1 where outcome.givenUp != nil:
                if let why = outcome.givenUp { underWay[index].take(.giveUp(why)) }
            case ..<done: underWay[index].take(.succeed)
            case done where outcome.succeeded == false && outcome.givenUp == nil:
                let moment = outcome.schedule.notBefore ?? Timestamp(microseconds: 0)
                underWay[index].take(.fail(retryAt: moment))
            default: underWay[index].take(.giveBack)
            }
        }
        for delivery in underWay.prefix(done) { release(delivery.content, of: lane.owner) }
        lane.queue.prepend(contentsOf: underWay.dropFirst(done))
        return Array(underWay.prefix(done))
    }

    /// Empties the tenant's lanes, because another process delivers their messages from now on.
    ///
    /// Requests that are being sent are not interrupted, but their outcomes are ignored.
    mutating func abandon(_ tenant: TenantName?) {
        for (key, lane) in lanes where key.tenant == tenant {
            var lane = lane
            for delivery in lane.underWay + lane.queue {
                release(delivery.content, of: lane.owner)
            }
            lane.underWay = []
            lane.queue = []
            if lane.phase == .pausing { lane.phase = .idle }
            put(lane, key)
            if lane.phase == .idle { lanes[key] = nil }
        }
    }

    // MARK: Shares

    /// The part of the owner's share that a message takes: its bytes once, for any number of the
    /// owner's subscriptions, and a little for each.
    private func cost(of item: OutboxItem, for owner: Party) -> Int {
        limits.bytesPerNotification + (kept[name(of: item, owner)] == nil ? item.bytes : 0)
    }

    private mutating func charge(_ item: OutboxItem, to owner: Party) {
        shares.take(owner, cost(of: item, for: owner))
        kept[name(of: item, owner), default: 0] += 1
    }

    private func name(of item: OutboxItem, _ owner: Party) -> Kept {
        Kept(tenant: item.tenant, sequence: item.sequence, owner: owner)
    }

    private mutating func release(_ item: OutboxItem, of owner: Party) {
        let name = name(of: item, owner)
        let left = kept[name, default: 1] - 1
        kept[name] = left > 0 ? left : nil
        shares.giveBack(owner, cost(of: item, for: owner))
    }

    /// The oldest messages of the lane, to be dropped when its owner's share is used up.
    ///
    /// There are only a few at a time, even when the share has shrunk a lot.
    private mutating func dropOldest(for item: OutboxItem, _ lane: inout Lane) -> [Delivery] {
        var excess: [Delivery] = []
        while excess.count < limits.maximumShed,
            !shares.mayTake(lane.owner, cost(of: item, for: lane.owner)),
            let oldest = lane.queue.popFirst()
        {
            release(oldest.content, of: lane.owner)
            lane.schedule.skipped()
            excess.append(oldest)
        }
        return excess
    }

    /// The oldest messages of a lane that waits for its time and has too many.
    private mutating func takeExcess(_ lane: inout Lane) -> [Delivery] {
        guard lane.phase == .pausing else { return [] }
        let excess = Array(lane.queue.prefix(max(0, lane.queue.count - limits.maximumHeldBack)))
        if !excess.isEmpty { lane.schedule.skipped() }
        lane.queue.removeFirst(excess.count)
        for delivery in excess { release(delivery.content, of: lane.owner) }
        return excess
    }

    private static func givenUp(_ excess: [Delivery], at now: Timestamp) -> [Delivery] {
        guard !excess.isEmpty else { return [] }
        let why = Abandonment(at: now, reason: "Too many notifications waited for it.")
        return excess.map { delivery in
            var delivery = delivery
            delivery.take(.giveUp(why))
            return delivery
        }
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

    private func mayRun(_ name: ReceiverName) -> Bool {
        guard let receiver = receivers[name] else { return false }
        let limit =
            receiver.isFailing ? limits.maximumPerFailingEndpoint : limits.maximumPerEndpoint
        return receiver.running < limit
    }

    private mutating func list(_ name: ReceiverName) {
        guard let receiver = receivers[name], !receiver.isListed, !receiver.ready.isEmpty,
            mayRun(name)
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
