import ContextModel
import Governance

/// All messages that this process has claimed, with where each stands: the one owner of that.
///
/// A value that turns what happens into what to send (`next`) and what the store must learn
/// (`takeSettlements`); the dispatcher obeys.
struct Deliveries {
    typealias Key = SubscriptionKey

    /// A message, for all who get it.
    private struct Progress {
        let content: OutboxItem
        /// Those who were to get it when the store last heard of it.
        var recipients: [String]
        /// Those of them who are done with it.
        var done: [String] = []
        /// When the first of them was.
        var since: Timestamp?
        var isLoaded: Bool
    }

    private struct Name: Hashable {
        var tenant: TenantName?
        var sequence: Int64
    }

    private let limits: DeliveryLimits
    private var lanes: DeliveryLanes
    private var messages: [Name: Progress] = [:]
    /// How many messages of each tenant there are.
    private var counts: [TenantName?: Int] = [:]
    /// Messages that some of their recipients have got.
    private var partlyDone: Set<Name> = []
    private var settlements: [TenantName?: OutboxSettlement] = [:]
    /// Messages whose contents are in memory, and their bytes.
    private var loadedCount = 0
    private var loadedBytes = 0

    init(limits: DeliveryLimits) {
        self.limits = limits
        lanes = DeliveryLanes(limits: limits)
    }

    // MARK: State

    /// Notifications that could be sent, by the owners of the subscriptions.
    var waiting: [Party: Int] { lanes.waiting }
    /// Whether the store has something to learn.
    var hasSettlements: Bool { !settlements.isEmpty }
    var hasPartlyDone: Bool { !partlyDone.isEmpty }

    /// Whether a message of the tenant is claimed that is not done with, or of which the store has still
    /// to learn.
    func isBusy(_ tenant: TenantName?) -> Bool {
        counts[tenant] != nil || settlements[tenant]?.isAboutMessages == true
    }

    /// Whether the contents of so many bytes more may stay in memory.
    func mayLoad(_ bytes: Int) -> Bool {
        loadedCount < limits.maximumLoaded && loadedBytes + bytes <= limits.maximumLoadedBytes
    }

    // MARK: Events

    /// A message was claimed, for these recipients.
    mutating func claim(
        _ content: OutboxItem,
        for recipients: [String],
        now: Timestamp,
        subscription: (Key) -> IndexedSubscription?
    ) {
        let isLoaded = mayLoad(content.bytes)
        if isLoaded {
            loadedCount += 1
            loadedBytes += content.bytes
        } else {
            content.unload()
        }
        let name = Name(tenant: content.tenant, sequence: content.sequence)
        messages[name] = Progress(content: content, recipients: recipients, isLoaded: isLoaded)
        counts[content.tenant, default: 0] += 1
        for recipient in recipients {
            let key = Key(tenant: content.tenant, outbox: recipient)
            let over = lanes.add(content, for: key, of: subscription(key), now: now)
            end(over, key, now: now)
        }
    }

    /// The next lane to work off; nil when there is none, or no room.
    mutating func next(throttled: (Key) -> Bool) -> DeliveryLanes.Start? {
        lanes.next(throttled: throttled)
    }

    /// A lane was worked off, as far as it went.
    mutating func finish(
        _ key: Key,
        _ outcome: DeliveryLanes.Outcome,
        _ subscription: IndexedSubscription?,
        now: Timestamp
    ) {
        end(lanes.finish(key, outcome, subscription, now: now), key, now: now)
    }

    /// The subscription changed or went.
    mutating func note(_ key: Key, _ subscription: IndexedSubscription?) {
        lanes.note(key, subscription)
    }

    /// The time that a lane waited for has come.
    mutating func resume(_ key: Key, _ subscription: IndexedSubscription?) {
        lanes.resume(key, subscription)
    }

    /// Another process has the tenant's outbox: what was claimed is abandoned, and what was not yet
    /// written down is not ours to write.
    mutating func abandon(_ tenant: TenantName?) {
        lanes.abandon(tenant)
        for (name, progress) in messages where name.tenant == tenant {
            forgetLoaded(progress)
            messages[name] = nil
        }
        partlyDone = partlyDone.filter { $0.tenant != tenant }
        counts[tenant] = nil
        let counted = settlements[tenant]?.counted ?? []
        settlements[tenant] = counted.isEmpty ? nil : OutboxSettlement(counted: counted)
    }

    /// The counts of the subscription are to be written down.
    mutating func count(_ key: Key) {
        settlements[key.tenant, default: OutboxSettlement()].counted.insert(key)
    }

    // MARK: What the store must learn

    private mutating func end(_ over: [Delivery], _ key: Key, now: Timestamp) {
        for delivery in over {
            let content = delivery.content
            if case .dead(let why) = delivery.state {
                settlements[content.tenant, default: OutboxSettlement()].letters.append(
                    .init(
                        sequence: content.sequence,
                        recipient: key.outbox,
                        why: why,
                        bytes: content.bytes
                    )
                )
            }
            end(content, for: key.outbox, now: now)
        }
    }

    /// The recipient is done with the message.
    private mutating func end(_ content: OutboxItem, for recipient: String, now: Timestamp) {
        let name = Name(tenant: content.tenant, sequence: content.sequence)
        messages[name]?.done.append(recipient)
        guard let progress = messages[name] else { return }
        guard progress.done.count >= progress.recipients.count else {
            if progress.since == nil {
                messages[name]?.since = now
                partlyDone.insert(name)
            }
            return
        }
        settlements[name.tenant, default: OutboxSettlement()].removed.append(name.sequence)
        if progress.since != nil { partlyDone.remove(name) }
        forgetLoaded(progress)
        messages[name] = nil
        let left = counts[name.tenant, default: 1] - 1
        counts[name.tenant] = left > 0 ? left : nil
    }

    /// Messages that a part of their recipients has had since then wait for the others alone from
    /// now on.
    mutating func narrow(doneSince due: Timestamp) {
        for name in partlyDone {
            guard var progress = messages[name], let since = progress.since, since <= due else {
                continue
            }
            let done = Set(progress.done)
            progress.recipients.removeAll(where: done.contains)
            progress.done = []
            progress.since = nil
            partlyDone.remove(name)
            settlements[name.tenant, default: OutboxSettlement()].narrowed.append(
                (name.sequence, progress.recipients)
            )
            if progress.isLoaded {
                forgetLoaded(progress)
                progress.isLoaded = false
                progress.content.unload()
            }
            messages[name] = progress
        }
    }

    private mutating func forgetLoaded(_ progress: Progress) {
        guard progress.isLoaded else { return }
        loadedCount -= 1
        loadedBytes -= progress.content.bytes
    }

    /// What the store must learn, by tenant; from now on it is the caller's to write down.
    mutating func takeSettlements() -> [TenantName?: OutboxSettlement] {
        defer { settlements = [:] }
        return settlements
    }

    /// It could not be written down.
    mutating func putBack(_ settlement: OutboxSettlement, of tenant: TenantName?) {
        settlements[tenant, default: OutboxSettlement()].add(settlement)
    }
}
