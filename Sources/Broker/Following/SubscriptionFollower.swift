import ContextModel
import Storage
import Synchronization

/// What this process has to know to follow the changes of subscriptions and policies.
final class SubscriptionFollower: Sendable {
    typealias Key = SubscriptionMatcher.Key

    let documents: DocumentFollower
    private let prepared = Mutex<[Key: (record: SubscriptionRecord, subscription: Subscription)]>(
        [:]
    )

    init(_ store: any Store) {
        let kinds = SubscriptionKind.allCases.map(\.documentKind)
        documents = DocumentFollower(store, [.policy] + kinds)
    }

    /// The mark of the policy in force, as far as a process has told of it.
    private let policyMark = Mutex<[UInt8]?>(nil)

    /// This process is about to tell of a policy that it has put into force.
    func noteOwnPolicy(_ mark: String) { policyMark.withLock { $0 = Array(mark.utf8) } }

    /// Whether the mark is another process', and was not seen yet.
    func isNewPolicy(_ mark: [UInt8]) -> Bool {
        policyMark.withLock { known in
            defer { known = mark }
            return known != mark
        }
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
        guard let known = prepared.withLock({ $0[key] }), known.record.reads(as: record) else {
            return nil
        }
        return known.subscription
    }
}

extension SubscriptionRecord {
    /// Whether the same subscription is read from both.
    func reads(as other: SubscriptionRecord) -> Bool {
        body == other.body && context == other.context && queryContext == other.queryContext
    }
}
