import ContextModel
import Synchronization

/// Subscriptions that requests have read and are about to store, so that they need not be read
/// again when the change feed delivers them.
final class PreparedSubscriptions: Sendable {
    private struct Prepared {
        var record: SubscriptionRecord
        var subscription: Subscription
    }
    private let prepared = Mutex<[SubscriptionKey: [Prepared]]>([:])

    /// Notes the subscription that was read from the record.
    ///
    /// It must be removed when the request is over.
    func add(_ subscription: Subscription, _ record: SubscriptionRecord, _ key: SubscriptionKey) {
        let new = Prepared(record: record, subscription: subscription)
        prepared.withLock { $0[key, default: []].append(new) }
    }

    func withdraw(_ record: SubscriptionRecord, _ key: SubscriptionKey) {
        prepared.withLock { prepared in
            guard let index = prepared[key]?.firstIndex(where: { $0.record == record }) else {
                return
            }
            prepared[key]?.remove(at: index)
            if prepared[key]?.isEmpty == true { prepared[key] = nil }
        }
    }

    /// The subscription that was read from the record, if it was noted.
    func find(_ record: SubscriptionRecord, _ key: SubscriptionKey) -> Subscription? {
        prepared.withLock { $0[key]?.first { $0.record.reads(as: record) }?.subscription }
    }
}

extension SubscriptionRecord {
    /// Whether the same subscription is read from both records.
    func reads(as other: SubscriptionRecord) -> Bool {
        body == other.body && context == other.context && queryContext == other.queryContext
    }
}
