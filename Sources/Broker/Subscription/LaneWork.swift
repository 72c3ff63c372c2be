import ContextModel
import Governance
import Logging
import Storage

/// Runs lanes: creates notifications from messages and sends them, oldest first, until none is
/// left, their time has not come, or sending fails.
struct LaneWork: Sendable {
    let store: any Store
    let subscriptions: SubscriptionRegistry
    let access: Access
    let writer: NotificationWriter
    let sender: any NotificationSender
    let identity: HubIdentity
    let limits: DeliveryLimits
    let clock: HubClock
    let chance: @Sendable () -> Double
    let logger: Logger

    /// A run that takes longer than this reports after each notification, so that a crash repeats
    /// few.
    private static let longestGoMicroseconds: Int64 = 50_000
    private static let pauseAfterErrorMicroseconds: Int64 = 1_000_000
    private static let pauseAfterChangeMicroseconds: Int64 = 100_000

    /// Runs a lane; nothing is sent after the end of the charge, when another process may have the
    /// messages.
    func run(_ start: DeliveryLanes.Start, _ charge: TenantCharge) async -> DeliveryLanes.Outcome {
        var outcome = DeliveryLanes.Outcome(schedule: start.schedule)
        do {
            guard let store = try await store.tenant(start.key.tenant) else {
                outcome.done = start.items.count
                return outcome
            }
            guard !subscriptions.isBehind(start.key.tenant) else {
                outcome.waitUntil = clock().advanced(by: Self.pauseAfterErrorMicroseconds)
                return outcome
            }
            guard let subscription = subscriptions[start.key] else {
                let kind = start.key.kind.documentKind
                let document = try await store.document(kind, id: start.key.id)
                if document == nil || document?.refusal != nil {
                    // The subscription was removed, or does not notify: its messages are dropped.
                    outcome.done = start.items.count
                } else {
                    // Another process has created it, and it is not in force here yet.
                    outcome.waitUntil = clock().advanced(by: Self.pauseAfterErrorMicroseconds)
                }
                return outcome
            }
            try await subscription.readCounts(from: charge.takeovers, in: store)
            outcome.schedule.noteSent(at: subscription.tally.counts.lastNotification)
            let lane = Lane(
                key: start.key,
                subscription: subscription,
                store: store,
                leaseEnd: charge.until
            )
            try await deliver(start.items[...], lane, into: &outcome)
        } catch {
            logger.error("Messages cannot be read from the store: \(error)")
            outcome.waitUntil = clock().advanced(by: Self.pauseAfterErrorMicroseconds)
        }
        return outcome
    }

    /// The state of a run.
    private struct Lane {
        let key: SubscriptionKey
        let subscription: IndexedSubscription
        let store: any TenantStore
        let leaseEnd: Timestamp
    }

    private func deliver(
        _ items: ArraySlice<OutboxItem>,
        _ lane: Lane,
        into outcome: inout DeliveryLanes.Outcome
    ) async throws {
        let subscription = lane.subscription
        let throttling = subscription.subscription.throttlingMicroseconds
        let start = clock()
        var rest = items
        while !rest.isEmpty, !Task.isCancelled {
            let now = clock()
            guard now < lane.leaseEnd else {
                outcome.waitUntil = now
                return
            }
            guard subscriptions.mayNotify(subscription, at: now) else {
                // It is paused, expired or suspended: nothing may be sent (clause 5.8.6), and messages
                // are dropped.
                outcome.done += rest.count
                return
            }
            let step = outcome.schedule.step(throttlingMicroseconds: throttling, now: now)
            if case .wait(let until) = step {
                outcome.waitUntil = until
                return
            }
            // The rights at this moment decide what may be sent, and are asked again when it leaves.
            let rules = try await access.rulesNumber(in: lane.key.tenant)
            guard
                let session = try await access.session(
                    for: subscription,
                    tenant: lane.key.tenant,
                    in: lane.store
                )
            else {
                outcome.done += rest.count
                return
            }
            // With throttling, all waiting messages go into one notification.
            let batch = try await contents(throttling == nil ? rest.prefix(1) : rest, session)
            guard try await send(batch, lane, session, rules, into: &outcome),
                now.microseconds - start.microseconds < Self.longestGoMicroseconds
            else { return }
            rest = rest.dropFirst(batch.count)
        }
    }

    /// The contents of as many messages as fit into one notification; one about registrations has
    /// a single reason.
    private func contents(
        _ items: ArraySlice<OutboxItem>,
        _ session: ReadSession
    ) async throws -> [NotificationWriter.Message] {
        var batch: [NotificationWriter.Message] = []
        for item in items {
            let content = try await session.content(of: item) ?? .damaged
            if case .damaged = content {
                logger.error("The notification \(item.sequence) is damaged and is left out.")
            }
            if let first = batch.first, !content.canShareNotification(with: first.content) { break }
            batch.append(.init(item: item, content: content))
        }
        return batch
    }

    /// Sends a notification; returns whether the lane may continue.
    private func send(
        _ batch: [NotificationWriter.Message],
        _ lane: Lane,
        _ session: ReadSession,
        _ rules: Int,
        into outcome: inout DeliveryLanes.Outcome
    ) async throws -> Bool {
        let subscription = lane.subscription
        guard let first = batch.first?.item else { return false }
        guard let content = try await writer.content(of: batch, for: subscription, session) else {
            outcome.done += batch.count
            return true
        }
        var request = writer.request(
            id: identity.notificationID(of: first, to: lane.key),
            content,
            for: subscription,
            tenant: lane.key.tenant,
            now: clock()
        )
        request.mayStillLeave = { [access, tenant = lane.key.tenant] in
            await access.stillHolds(session, rules: rules, in: tenant)
        }
        var result = DeliveryResult.withheld
        if let sealed = try await session.sealUnlessObjected(request) {
            result = await sender.send(sealed)
        }
        if result == .withheld {
            // Where rules change all the time, the record does not fill with what does not leave.
            outcome.waitUntil = clock().advanced(by: Self.pauseAfterChangeMicroseconds)
            return false
        }
        if Task.isCancelled, result != .delivered { return false }
        return take(result, batch.count, for: subscription, into: &outcome)
    }

    private func take(
        _ result: DeliveryResult,
        _ count: Int,
        for subscription: IndexedSubscription,
        into outcome: inout DeliveryLanes.Outcome
    ) -> Bool {
        let now = clock()
        subscription.tally.count(
            result,
            isRetry: outcome.schedule.attempts > 0,
            at: now
        )
        outcome.succeeded = result == .delivered
        guard case .failed(let reason) = result else {
            outcome.schedule.succeeded(at: now)
            outcome.done += count
            return true
        }
        let endpoint = subscription.subscription.notification.endpoint
        logger.info(
            "Notifying '\(subscription.record.id)' failed: \(reason)",
            metadata: ["receiver": "\(endpoint.authority)"]
        )
        let verdict = outcome.schedule.failed(
            at: now,
            limits: limits,
            cooldownMilliseconds: endpoint.cooldownMilliseconds,
            chance: chance()
        )
        if verdict == .giveUp {
            outcome.givenUp = Abandonment(at: now, reason: reason)
            outcome.done += 1
        }
        outcome.waitUntil = outcome.schedule.notBefore ?? now
        return false
    }
}

extension HubIdentity {
    /// The identifier of a notification, the same at each attempt, so that receivers can drop
    /// repeats.
    ///
    /// It does not show the number in the outbox, which also counts messages that are hidden from
    /// the receiver.
    fileprivate func notificationID(
        of first: OutboxItem,
        to recipient: SubscriptionKey
    ) -> String {
        let name = opaqueName(of: [
            "notification", recipient.tenant?.text ?? "", recipient.outbox,
            "\(first.enqueuedAt.microseconds)", "\(first.sequence)",
        ])
        return "urn:ngsi-ld:Notification:\(name)"
    }
}

extension OutboxItem.Content {
    fileprivate func canShareNotification(with other: OutboxItem.Content) -> Bool {
        switch (self, other) {
        case (.registrations(let a), .registrations(let b)): a.reason == b.reason
        default: true
        }
    }
}

extension Timestamp {
    func advanced(by microseconds: Int64) -> Timestamp {
        Timestamp(microseconds: self.microseconds + microseconds)
    }
}
