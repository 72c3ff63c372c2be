import ContextModel
import Governance
import Storage
import Synchronization

/// A subscription that is in force or may come into force, with all it takes to match and notify.
package final class IndexedSubscription: Sendable {
    package let subscription: Subscription
    package let record: SubscriptionRecord
    package let tally: DeliveryTally
    /// Endpoints alike in this are one receiver.
    let receiver: String
    private let policy: PolicySource
    private let subscriber: Caller
    /// The subscriber's rights by the policy that was in force when they were last asked for.
    private let decided: Mutex<SubscriberRights>

    /// One that takes another's place goes on with its tally.
    init(
        subscription: Subscription,
        record: SubscriptionRecord,
        tenant: TenantName?,
        policy: PolicySource,
        tally: DeliveryTally? = nil
    ) {
        self.subscription = subscription
        self.record = record
        self.policy = policy
        self.tally = tally ?? DeliveryTally(record.delivery)
        receiver = subscription.notification.endpoint.authority
        subscriber = record.subscriber(tenant)
        decided = Mutex(
            SubscriberRights(
                of: subscriber,
                to: subscription,
                by: policy.numbered(of: subscriber.tenant)
            )
        )
    }

    /// What the subscriber may be told of by the policy in force: what it may not see makes no
    /// notification.
    ///
    /// The policy is asked again when a notification is sent.
    var rights: SubscriberRights {
        let number = policy.number
        return decided.withLock { decided in
            if decided.policy != number {
                decided = SubscriberRights(
                    of: subscriber,
                    to: subscription,
                    by: policy.numbered(of: subscriber.tenant)
                )
            }
            return decided
        }
    }

    /// What a subscriber sees of a change.
    enum Sight {
        /// The entity before the change, if there was one, and after it.
        case bothSides
        /// The entity was there and hidden: to the subscriber it is new.
        case comesIntoView
    }

    /// Whether it wants to be told of changes now: asked first, for it costs least.
    func mayNotify(at now: Timestamp) -> Bool {
        subscription.intervalMicroseconds == nil && subscription.isInForce(at: now)
    }

    /// What a subscriber of these rights sees of the change; nil when that is nothing.
    func sight(of change: EntityChange, by rights: SubscriberRights) -> Sight? {
        guard !rights.isDenied, let state = change.after ?? change.before
        else { return nil }
        guard let view = rights.view else { return .bothSides }
        guard view.matches(state) else { return nil }
        guard change.after != nil, let before = change.before else { return .bothSides }
        return view.matches(before) ? .bothSides : .comesIntoView
    }

    /// Whether the entity is one that the subscription is about: after the change, or, of a deleted
    /// one, at the last (clause 5.8.6).
    ///
    /// Decided without what is hidden in it. What is hidden in every entity, no subscription asks for.
    func meetsTarget(
        _ change: EntityChange,
        hiding hidden: Set<IRI>,
        within allowances: MatchingAllowances
    ) -> Bool {
        guard let state = (change.after ?? change.before)?.hiding(hidden) else { return false }
        let target = subscription.preparedTarget
        guard subscription.isCostly else { return target.matches(state) }
        return allowances.decide(for: record.owner) { target.matches(state, within: $0) }
    }
}
