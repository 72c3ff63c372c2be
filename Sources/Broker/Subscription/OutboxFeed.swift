import ContextModel
import Governance
import Storage
import Synchronization

/// Passes notifications from the transactions that create them to the dispatcher, and the number
/// of waiting ones back to the writers.
package final class OutboxFeed: Sendable {
    typealias Key = SubscriptionKey

    /// A message that was claimed as it was added to the outbox.
    struct Arrival {
        var content: OutboxItem
        var recipients: [String]
        var term: Int64
    }

    /// The news that the dispatcher has not taken yet.
    struct News {
        /// In the order of their commits.
        var arrived: [Arrival] = []
        /// The tenants with messages to be claimed.
        var unclaimed: Set<TenantName?> = []
        /// The subscriptions that were changed or removed.
        var changed: Set<Key> = []
    }

    private struct State {
        var news = News()
        /// The number of notifications in the news, and in the news that the dispatcher has taken
        /// and not counted yet.
        var arrivedCount = 0
        var takenCount = 0
        /// The messages to be claimed, each with its number of notifications.
        var unclaimed: [TenantName?: [Int64: Int]] = [:]
        var unclaimedCount = 0
        /// The terms of the leases with which this process claims new messages, after all older
        /// ones.
        var terms: [TenantName?: Int64] = [:]
        /// The notifications that the dispatcher could send, by the owners of the subscriptions.
        var waiting: [Party: Int] = [:]
        var isAttended = false
        var signal: AsyncStream<Void>.Continuation?
    }
    private let state = Mutex(State())

    package init() {}

    /// A notification for the outbox; after the commit the dispatcher gets it, or claims it.
    ///
    /// If `content` is nil, the dispatcher reads the message from the store.
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

    /// Adds a notification to the outbox.
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
            // Without a running dispatcher, the message stays in the store for the next one.
            guard state.isAttended else { return }
            state.news.arrived.append(arrival)
            state.arrivedCount += count
            state.signal?.yield()
        }
    }

    /// Notes that the subscriptions were created, changed or removed.
    func note(_ keys: [Key]) {
        state.withLock { state in
            guard state.isAttended, !keys.isEmpty else { return }
            state.news.changed.formUnion(keys)
            state.signal?.yield()
        }
    }

    // MARK: For the dispatcher

    /// Emits when there may be news; signals before the next reading are merged.
    ///
    /// News is kept from now on.
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

    /// Sets the term in which this process claims messages as it adds them to the tenant's outbox;
    /// nil when it does not claim them.
    ///
    /// Without a running dispatcher nothing is claimed, because nobody would deliver it.
    func setTerm(_ term: Int64?, of tenant: TenantName?) {
        state.withLock { state in
            if state.isAttended { state.terms[tenant] = term }
        }
    }

    /// Notes that the dispatcher has claimed these messages and counts them itself.
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

    /// Notes that another process claims the messages.
    func forgetUnclaimed(_ tenant: TenantName?) {
        state.withLock { state in
            let counts = state.unclaimed.removeValue(forKey: tenant) ?? [:]
            state.unclaimedCount -= counts.values.reduce(0, +)
        }
    }

    /// Sets the dispatcher's count of what it could send, including all news it has taken.
    func setWaiting(_ counts: [Party: Int]) {
        state.withLock { state in
            state.waiting = counts
            state.takenCount = 0
        }
    }

    // MARK: For writers

    /// The number of the party's notifications that are being sent to working receivers or that
    /// the dispatcher has not seen yet.
    func waiting(of party: Party) -> Int {
        state.withLock { state in
            state.arrivedCount + state.takenCount + state.unclaimedCount
                + state.waiting[party, default: 0]
        }
    }
}
