import ContextModel
import Governance
import Storage

/// What a policy lets a subscriber be told of.
final class SubscriberRights: Sendable {
    /// The number of the policy.
    let policy: Int
    /// Attributes that are not there for the subscriber.
    let hidden: HiddenAttributes
    /// Whether the subscriber may be told of nothing at all.
    let isDenied: Bool
    /// The entities it may see; nil for all.
    let view: PreparedCondition?

    init(of subscriber: Caller, to subscription: Subscription, by policy: PolicySource.Numbered) {
        self.policy = policy.number
        let grant = policy.policy.grant(of: subscriber, to: subscription)
        hidden = grant?.hidden ?? HiddenAttributes()
        isDenied = grant == nil
        let condition = grant?.condition ?? .nothing
        view = condition == .everything ? nil : PreparedCondition(condition)
    }
}

extension Policy {
    /// The subscriber's right to be told of what it subscribed to; nil when it may be told of nothing.
    func grant(of subscriber: Caller, to subscription: Subscription) -> ReadGrant? {
        let decision =
            subscription.registrations != nil
            ? decideAdministration(subscriber)
            : decideRead(subscriber, action: .subscribe, condition: subscription.target)
        guard case .grant(let grant) = decision, grant.condition != .nothing else { return nil }
        return grant
    }
}
