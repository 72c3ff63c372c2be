import ContextModel
import Governance
import Storage
import Synchronization

/// How notifications come from the transactions that make them to the dispatcher that sends them,
/// and how it tells the writers when there are too many.
package final class OutboxFeed: Sendable {
    typealias Key = SubscriptionMatcher.Key

    /// What the dispatcher has not seen yet.
    struct News {
        /// In the order of their commits.
        var arrived: [OutboxItem] = []
        /// Subscriptions that changed or went.
        var changed: Set<Key> = []
    }

    private struct State {
        var news = News()
        /// Notifications among the news, and among those that the dispatcher has taken and not
        /// counted yet.
        var arrivedCount = 0
        var takenCount = 0
        /// Notifications that the dispatcher has and could send, by the owners of the subscriptions.
        var waiting: [Party: Int] = [:]
        var isAttended = false
        var signal: AsyncStream<Void>.Continuation?
    }
    private let state = Mutex(State())

    package init() {}

    /// A notification for the outbox; once committed, the dispatcher has it.
    ///
    /// Without content it is read back from the store.
    func message(
        _ body: [UInt8],
        content: OutboxItem.Content?,
        to recipients: [String],
        at now: Timestamp,
        tenant: TenantName?
    ) -> NewMessage {
        NewMessage(body: body, recipients: recipients, enqueuedAt: now) { sequence in
            let item = OutboxItem(
                tenant: tenant,
                sequence: sequence,
                recipients: recipients,
                enqueuedAt: now,
                bytes: body.count,
                content: content
            )
            self.add(item, recipients.count)
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
        let sequence = try transaction.enqueue(body, to: recipients, at: now)
        transaction.afterCommit { message.whenCommitted(sequence) }
    }

    private func add(_ item: OutboxItem, _ count: Int) {
        state.withLock { state in
            // With no dispatcher at work, the store keeps it for the next one.
            guard state.isAttended else { return }
            state.news.arrived.append(item)
            state.arrivedCount += count
            state.signal?.yield()
        }
    }

    /// Says that the subscription changed or went.
    func note(_ key: Key) {
        state.withLock { state in
            guard state.isAttended else { return }
            state.news.changed.insert(key)
            state.signal?.yield()
        }
    }

    // MARK: For the dispatcher

    /// An element whenever there may be news, several wishes being one; from now on news is kept.
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
        state.withLock { $0.arrivedCount + $0.takenCount + $0.waiting[party, default: 0] }
    }
}
