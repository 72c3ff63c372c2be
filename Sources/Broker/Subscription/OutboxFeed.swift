import ContextModel
import Governance
import Storage
import Synchronization

/// How notifications come from the transactions that make them to the dispatcher that sends them,
/// and how it tells the writers when there are too many.
package final class OutboxFeed: Sendable {
    typealias Key = SubscriptionKey

    /// A message that was claimed as it was put into the outbox.
    struct Arrival {
        var content: OutboxItem
        var recipients: [String]
        var term: Int64
    }

    /// What the dispatcher has not seen yet.
    struct News {
        /// In the order of their commits.
        var arrived: [Arrival] = []
        /// Tenants with messages that are to be claimed.
        var unclaimed: Set<TenantName?> = []
        /// Subscriptions that changed or went.
        var changed: Set<Key> = []
    }

    private struct State {
        var news = News()
        /// Notifications among the news, and among those that the dispatcher has taken and not
        /// counted yet.
        var arrivedCount = 0
        var takenCount = 0
        /// Messages that are to be claimed, with how many notifications each is.
        var unclaimed: [TenantName?: [Int64: Int]] = [:]
        var unclaimedCount = 0
        /// The terms in which this process has outboxes, all older messages of which it has claimed.
        var terms: [TenantName?: Int64] = [:]
        /// Notifications that the dispatcher has and could send, by the owners of the subscriptions.
        var waiting: [Party: Int] = [:]
        var isAttended = false
        var signal: AsyncStream<Void>.Continuation?
    }
    private let state = Mutex(State())

    package init() {}

    /// A notification for the outbox; once committed, the dispatcher has it, or claims it.
    ///
    /// Without content it is read back from the store.
    func message(
        _ body: [UInt8],
        content: OutboxItem.Content?,
        to recipients: [String],
        at now: Timestamp,
        tenant: TenantName?
    ) -> NewMessage {
        let term = state.withLock { $0.terms[tenant] }
        return NewMessage(body: body, recipients: recipients, enqueuedAt: now, term: term) {
            message in
            guard message.isClaimed, let term else {
                return self.addUnclaimed(message.sequence, recipients.count, tenant)
            }
            let item = OutboxItem(
                tenant: tenant,
                sequence: message.sequence,
                enqueuedAt: now,
                bytes: body.count,
                content: content
            )
            let arrival = Arrival(content: item, recipients: recipients, term: term)
            self.add(arrival, recipients.count)
        }
    }

    /// Puts a notification into the outbox.
    func enqueue(
        _ body: [UInt8],
        content: OutboxItem.Content?,
        to recipients: [String],
        at now: Timestamp,
        tenant: TenantName?,
        in transaction: any BookkeepingTransaction
    ) throws {
        let message = message(body, content: content, to: recipients, at: now, tenant: tenant)
        let enqueued = try transaction.enqueue(body, to: recipients, at: now, in: message.term)
        transaction.afterCommit { message.whenCommitted(enqueued) }
    }

    private func addUnclaimed(_ sequence: Int64, _ count: Int, _ tenant: TenantName?) {
        state.withLock { state in
            guard state.isAttended else { return }
            state.news.unclaimed.insert(tenant)
            state.unclaimed[tenant, default: [:]][sequence] = count
            state.unclaimedCount += count
            state.signal?.yield()
        }
    }

    private func add(_ arrival: Arrival, _ count: Int) {
        state.withLock { state in
            // With no dispatcher at work, the store keeps it for the next one.
            guard state.isAttended else { return }
            state.news.arrived.append(arrival)
            state.arrivedCount += count
            state.signal?.yield()
        }
    }

    /// Says that the subscriptions came, changed or went.
    func note(_ keys: [Key]) {
        state.withLock { state in
            guard state.isAttended, !keys.isEmpty else { return }
            state.news.changed.formUnion(keys)
            state.signal?.yield()
        }
    }

    // MARK: For the dispatcher

    /// Emits once when there may be news; what comes meanwhile is merged.
    ///
    /// From now on news is kept.
    func attend() -> AsyncStream<Void> {
        let (signals, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        state.withLock { state in
            state = State(isAttended: true, signal: signal)
        }
        return signals
    }

    func leave() { state.withLock { $0 = State() } }

    func takeNews() -> News {
        state.withLock { state in
            defer {
                state.news = News()
                state.takenCount += state.arrivedCount
                state.arrivedCount = 0
            }
            return state.news
        }
    }

    /// Sets the term in which this process claims the messages that it adds to the tenant's outbox from
    /// now on; nil when it claims none of them.
    ///
    /// As long as no dispatcher is at work, nothing is claimed, for nobody would deliver it.
    func setTerm(_ term: Int64?, of tenant: TenantName?) {
        state.withLock { state in
            if state.isAttended { state.terms[tenant] = term }
        }
    }

    /// The dispatcher has claimed these, and counts them itself.
    func noteClaimed(_ messages: [OutboxMessage], of tenant: TenantName?) {
        state.withLock { state in
            guard state.unclaimed[tenant] != nil else { return }
            for message in messages {
                let count = state.unclaimed[tenant]?.removeValue(forKey: message.sequence)
                state.unclaimedCount -= count ?? 0
            }
            if state.unclaimed[tenant]?.isEmpty == true { state.unclaimed[tenant] = nil }
        }
    }

    /// Another process claims what is to be claimed.
    func forgetUnclaimed(_ tenant: TenantName?) {
        state.withLock { state in
            let counts = state.unclaimed.removeValue(forKey: tenant) ?? [:]
            state.unclaimedCount -= counts.values.reduce(0, +)
        }
    }

    /// The dispatcher's own count of what it could send, with all the news it has taken.
    func setWaiting(_ counts: [Party: Int]) {
        state.withLock { state in
            state.waiting = counts
            state.takenCount = 0
        }
    }

    // MARK: For writers

    /// Notifications of the party's subscriptions on their way to receivers that take them, and all
    /// that the dispatcher has not looked at yet.
    func waiting(of party: Party) -> Int {
        state.withLock { state in
            state.arrivedCount + state.takenCount + state.unclaimedCount
                + state.waiting[party, default: 0]
        }
    }
}
