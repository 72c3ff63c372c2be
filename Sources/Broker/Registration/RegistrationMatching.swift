import ContextModel
import Federation
import Governance
import Storage

/// The creation, change or removal of a registration.
struct RegistrationChange: Sendable {
    /// The state before; nil for a new registration.
    let before: RegistrationRecord?
    /// The state after; nil for a deleted one.
    let after: RegistrationRecord?
}

extension SubscriptionMatcher {
    /// The messages for subscribers to registrations, which are stored with the change (clause
    /// 5.11.7).
    func messages(
        of change: RegistrationChange,
        _ tenant: TenantName?,
        at now: Timestamp
    ) -> [NewMessage] {
        guard
            let subscribers = subscriptions.index(of: .registrations, tenant)?.subscriptions.values,
            !subscribers.isEmpty
        else { return [] }
        let before = change.before.flatMap { KeptRegistration($0) }
        let after = change.after.flatMap { KeptRegistration($0) }
        return subscribers.compactMap { subscriber in
            guard !subscriber.rights.isDenied,
                let message = subscriber.subscription.message(from: before, to: after, at: now)
            else { return nil }
            let key = SubscriptionKey(subscriber.record, of: tenant)
            return feed.newMessage(message, to: key, at: now)
        }
    }
}

extension OutboxFeed {
    fileprivate func newMessage(
        _ message: RegistrationMessage,
        to key: SubscriptionKey,
        at now: Timestamp
    ) -> NewMessage {
        self.message(
            message.bytes,
            content: .registrations(message),
            to: [key.outbox],
            at: now,
            tenant: key.tenant
        )
    }
}

extension Subscription {
    /// The message for one subscriber; nil when the change does not notify it.
    ///
    /// For a registration that does not match any more, the message has its last matching state.
    fileprivate func message(
        from before: KeptRegistration?,
        to after: KeptRegistration?,
        at now: Timestamp
    ) -> RegistrationMessage? {
        guard intervalMicroseconds == nil, isInForce(at: now) else { return nil }
        let budget = DecisionBudget(steps: Self.maximumSteps)
        let old = before.flatMap { item($0, within: budget) }
        let new = after.flatMap { item($0, within: budget) }
        guard let item = new ?? old else { return nil }
        let reason: TriggerReason =
            new == nil ? .noLongerMatching : old == nil ? .newlyMatching : .updated
        return RegistrationMessage(reason, [item])
    }

    /// Nil for a registration that does not match, and when the budget is spent.
    fileprivate func item(
        _ kept: KeptRegistration,
        within budget: DecisionBudget
    ) -> RegistrationMessage.Item? {
        guard !budget.isSpent,
            let information = registrations?.match(kept.registration, within: budget),
            !budget.isSpent
        else { return nil }
        return RegistrationMessage.Item(record: kept.record, information: information)
    }

    /// The steps that one change may take for one subscriber on the writing thread.
    private static let maximumSteps = 1_000_000
}

extension IndexedSubscription {
    /// All registrations that match now; nil when there are none.
    func matchingRegistrations(
        _ view: ContextSourceRegistry.View,
        now: Timestamp
    ) -> NotificationContent? {
        matchingMessage(view, now: now).map { .registrations($0) }
    }

    fileprivate func matchingMessage(
        _ view: ContextSourceRegistry.View,
        now: Timestamp
    ) -> RegistrationMessage? {
        guard let query = subscription.registrations else { return nil }
        let budget = DecisionBudget(steps: RegistrationQuery.maximumSteps)
        let items = view.index.candidates(for: query)
            .filter { $0.registration.isInForce(at: now) }
            .compactMap { subscription.item($0, within: budget) }
        return items.isEmpty ? nil : RegistrationMessage(.newlyMatching, items)
    }
}

extension Subscribing {
    /// Notifies a subscriber of all matching registrations, after its subscription was created or
    /// changed (clauses 5.11.2 and 5.11.3).
    ///
    /// The subscription is in force before registrations are read, so that none is missed: one
    /// that is created meanwhile may be notified twice.
    func notifyOfMatchingRegistrations(_ id: String, _ caller: Caller) async throws {
        let record = try await subscriptionRecord(id, .registrations, caller)
        let key = SubscriptionKey(record, of: caller.tenant)
        let now = clock()
        guard let subscriber = subscriptions[key], subscriber.subscription.isInForce(at: now)
        else { return }
        let store = try await access.existingStore(caller.tenant)
        let view = try await registrations.view(of: caller.tenant)
        guard let message = subscriber.matchingMessage(view, now: now) else { return }
        let new = feed.newMessage(message, to: key, at: now)
        try await store.changeDocuments(reading: []) { $0.send([new]) }
    }
}
