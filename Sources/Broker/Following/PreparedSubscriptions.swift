import ContextModel
import Synchronization

/// What the records say that requests are about to keep, so that they need not be read once more when
/// the change feed tells of them.
final class PreparedSubscriptions: Sendable {
    private struct Prepared {
        var record: SubscriptionRecord
        var subscription: Subscription
    }
    private let prepared = Mutex<[SubscriptionKey: [Prepared]]>([:])

    /// Notes what the record says.
    ///
    /// To be withdrawn when the request is over.
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

    /// What the record says, if that was noted.
    func find(_ record: SubscriptionRecord, _ key: SubscriptionKey) -> Subscription? {
        prepared.withLock { $0[key]?.first { $0.record.reads(as: record) }?.subscription }
    }
}

extension SubscriptionRecord {
    /// Whether the same subscription is read from both.
    func reads(as other: SubscriptionRecord) -> Bool {
        body == other.body && context == other.context && queryContext == other.queryContext
    }
}
