import ContextModel
import Governance
import Storage
import Synchronization

/// A subscription with everything that is needed to match it and to notify.
package final class IndexedSubscription: Sendable {
    package let subscription: Subscription
    package let record: SubscriptionRecord
    package let tally: DeliveryTally
    /// The name of the receiver: endpoints with the same name are one receiver.
    let receiver: String
    private let policy: PolicySource
    private let subscriber: Caller
    /// The subscriber's rights when they were last asked for, with the policy that was in force
    /// then.
    private let decided: Mutex<SubscriberRights>

    /// A subscription that replaces another one continues its tally.
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

    /// The subscriber's rights by the policy in force, which decide what may notify it.
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
        /// The entity after the change, and before it if it existed.
        case bothSides
        /// The entity was hidden before: to the subscriber it is new.
        case comesIntoView
    }

    /// Whether changes notify it now: this cheap test comes first.
    func mayNotify(at now: Timestamp) -> Bool {
        subscription.intervalMicroseconds == nil && subscription.isInForce(at: now)
    }

    /// What a subscriber with these rights sees of the change; nil when it sees nothing.
    func sight(of change: EntityChange, by rights: SubscriberRights) -> Sight? {
        guard !rights.isDenied, let state = change.after ?? change.before
        else { return nil }
        guard let view = rights.view else { return .bothSides }
        guard view.matches(state) else { return nil }
        guard change.after != nil, let before = change.before else { return .bothSides }
        return view.matches(before) ? .bothSides : .comesIntoView
    }

    /// Whether the entity matches the subscription: after the change, or before it if it was
    /// deleted (clause 5.8.6).
    ///
    /// Attributes that are hidden in it do not count, and those that are shaped count as they are shown. No
    /// subscription asks for attributes that are hidden in every entity.
    func meetsTarget(
        _ change: EntityChange,
        shapedBy shaping: EntityShaping,
        within allowances: MatchingAllowances
    ) -> Bool {
        guard let state = (change.after ?? change.before).map(shaping.shape) else {
            return false
        }
        let target = subscription.preparedTarget
        guard subscription.isCostly else { return target.matches(state) }
        return allowances.decide(for: record.owner) { target.matches(state, within: $0) }
    }
}
