import ContextModel
import Governance
import Storage

/// The rights of a subscriber under one policy.
final class SubscriberRights: Sendable {
    /// The number of the policy.
    let policy: Int
    /// The attributes that are hidden from the subscriber.
    let hidden: HiddenAttributes
    /// Whether the subscriber may see nothing at all.
    let isDenied: Bool
    /// The entities that it may see; nil for all.
    let view: PreparedCondition?

    init(of subscriber: Caller, to subscription: Subscription, by policy: PolicySource.Numbered) {
        self.policy = policy.number
        let seen = policy.policy.view(of: subscriber, to: subscription)
        hidden = seen?.hidden ?? HiddenAttributes()
        isDenied = seen == nil
        let condition = seen?.condition ?? .nothing
        view = condition == .everything ? nil : PreparedCondition(condition)
    }
}

extension Policy {
    /// The grant by which a notification is read; nil when the subscriber may see nothing.
    func grant(of subscriber: Caller, to subscription: Subscription) -> ReadGrant? {
        let decision =
            subscription.registrations != nil
            ? decideAdministration(subscriber)
            : decideRead(subscriber, action: .subscribe, condition: subscription.target)
        guard case .grant(let grant) = decision, grant.condition != .nothing else { return nil }
        return grant
    }

    /// What the subscriber may be told of, by which changes are matched; nil when it may see nothing.
    fileprivate func view(of subscriber: Caller, to subscription: Subscription) -> View? {
        if subscription.registrations != nil {
            return permitsAdministration(subscriber) ? .everything : nil
        }
        let view = viewOfSubscriber(subscriber, condition: subscription.target)
        return view?.condition == .nothing ? nil : view
    }
}
