import ContextModel
import Storage
import Synchronization

/// What this process has to know to follow the changes of subscriptions.
final class SubscriptionFollower: Sendable {
    typealias Key = SubscriptionMatcher.Key

    let documents: DocumentFollower
    private let prepared = Mutex<[Key: (record: SubscriptionRecord, subscription: Subscription)]>(
        [:]
    )

    init(_ store: any Store) {
        documents = DocumentFollower(store, SubscriptionKind.allCases.map(\.documentKind))
    }

    /// Notes what a record says that is about to be kept, so that it need not be read once more.
    ///
    /// To be withdrawn when the request is over.
    func prepare(_ subscription: Subscription, _ record: SubscriptionRecord, _ key: Key) {
        prepared.withLock { $0[key] = (record, subscription) }
    }

    func withdraw(_ key: Key) { prepared.withLock { $0[key] = nil } }

    /// What the record says, if that was noted.
    func prepared(_ record: SubscriptionRecord, _ key: Key) -> Subscription? {
        prepared.withLock { $0[key] }.flatMap { $0.record.reads(as: record) ? $0.subscription : nil }
    }
}

extension SubscriptionRecord {
    /// Whether the same subscription is read from both.
    func reads(as other: SubscriptionRecord) -> Bool {
        body == other.body && context == other.context && queryContext == other.queryContext
    }
}
