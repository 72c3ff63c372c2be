import ContextModel
import Governance

/// All messages that this process has claimed, with their states; nothing else holds these states.
///
/// It is a value that turns events into messages to send (`next`) and into updates for the store
/// (`takeSettlements`). The dispatcher carries them out.
struct Deliveries {
    typealias Key = SubscriptionKey

    /// A message and its progress with all its recipients.
    private struct Progress {
        let content: OutboxItem
        /// Its recipients, according to the store.
        var recipients: [String]
        /// The recipients that are done.
        var done: [String] = []
        /// When the first of them was done.
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
    /// The number of messages of each tenant.
    private var counts: [TenantName?: Int] = [:]
    /// Messages that some of their recipients have received.
    private var partlyDone: Set<Name> = []
    private var settlements: [TenantName?: OutboxSettlement] = [:]
    /// The messages whose contents are in memory: their number and bytes.
    private var loadedCount = 0
    private var loadedBytes = 0

    init(limits: DeliveryLimits) {
        self.limits = limits
        lanes = DeliveryLanes(limits: limits)
    }

    // MARK: State

    /// The notifications that could be sent, by the owners of the subscriptions.
    var waiting: [Party: Int] { lanes.waiting }
    /// Whether there is something to store.
    var hasSettlements: Bool { !settlements.isEmpty }
    var hasPartlyDone: Bool { !partlyDone.isEmpty }

    /// Whether the tenant has a claimed message that is not done, or an outcome that is not
    /// stored.
    func isBusy(_ tenant: TenantName?) -> Bool {
        counts[tenant] != nil || settlements[tenant]?.isAboutMessages == true
    }

    /// Whether contents of this many more bytes may stay in memory.
    func mayLoad(_ bytes: Int) -> Bool {
        loadedCount < limits.maximumLoaded && loadedBytes + bytes <= limits.maximumLoadedBytes
    }

    // MARK: Events

    /// Adds a message that was claimed for these recipients.
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

    /// The next lane to run; nil when there is none, or too many run.
    mutating func next(throttled: (Key) -> Bool) -> DeliveryLanes.Start? {
        lanes.next(throttled: throttled)
    }

    /// Notes the outcome of a lane.
    mutating func finish(
        _ key: Key,
        _ outcome: DeliveryLanes.Outcome,
        _ subscription: IndexedSubscription?,
        now: Timestamp
    ) {
        end(lanes.finish(key, outcome, subscription, now: now), key, now: now)
    }

    /// Notes that the subscription was changed or removed.
    mutating func note(_ key: Key, _ subscription: IndexedSubscription?) {
        lanes.note(key, subscription)
    }

    /// Notes that the time has come for which a lane waited.
    mutating func resume(_ key: Key, _ subscription: IndexedSubscription?) {
        lanes.resume(key, subscription)
    }

    /// Drops the tenant's messages, because another process has the outbox now.
    ///
    /// Outcomes that were not stored must not be stored any more.
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

    /// Notes that the counts of the subscription are to be stored.
    mutating func count(_ key: Key) {
        settlements[key.tenant, default: OutboxSettlement()].counted.insert(key)
    }

    // MARK: Updates for the store

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

    /// Notes that the recipient is done with the message.
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

    /// Removes the recipients that are done from messages of which some were done by `due`.
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

    /// The updates for the store, by tenant; the caller must store them, or put them back.
    mutating func takeSettlements() -> [TenantName?: OutboxSettlement] {
        defer { settlements = [:] }
        return settlements
    }

    /// Takes back updates that could not be stored.
    mutating func putBack(_ settlement: OutboxSettlement, of tenant: TenantName?) {
        settlements[tenant, default: OutboxSettlement()].add(settlement)
    }
}
