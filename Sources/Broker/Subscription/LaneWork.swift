import ContextModel
import Governance
import Logging
import Storage

/// Works off lanes: makes notifications of messages and sends them, oldest first, until there is no
/// more for now, their time has not come, or sending fails.
struct LaneWork: Sendable {
    let store: any Store
    let subscriptions: SubscriptionMatcher
    let policy: PolicyInForce
    let writer: NotificationWriter
    let sender: any NotificationSender
    let identity: HubIdentity
    let limits: DeliveryLimits
    let clock: @Sendable () -> Timestamp
    let chance: @Sendable () -> Double
    let logger: Logger

    /// A slow receiver reports after each notification, so that little is sent again after a crash.
    private static let longestGoMicroseconds: Int64 = 50_000
    private static let pauseAfterErrorMicroseconds: Int64 = 1_000_000

    func run(_ start: DeliveryLanes.Start) async -> LaneReport {
        var report = LaneReport(
            key: start.key,
            outcome: DeliveryLanes.Outcome(schedule: start.schedule)
        )
        guard let subscription = subscriptions[start.key] else {
            report.outcome.done = start.items.count
            return report
        }
        do {
            guard let store = try await store.tenant(start.key.tenant) else {
                report.outcome.done = start.items.count
                return report
            }
            try await deliver(start.items[...], for: subscription, from: store, into: &report)
        } catch {
            logger.error("Notifications cannot be made from the store: \(error)")
            report.outcome.waitUntil = clock().advanced(by: Self.pauseAfterErrorMicroseconds)
        }
        return report
    }

    private func deliver(
        _ items: ArraySlice<OutboxItem>,
        for subscription: IndexedSubscription,
        from store: any TenantStore,
        into report: inout LaneReport
    ) async throws {
        let throttling = subscription.subscription.throttlingMicroseconds
        let start = clock()
        var rest = items
        while !rest.isEmpty, !Task.isCancelled {
            let now = clock()
            guard subscription.subscription.isInForce(at: now) else {
                // Paused or expired: nothing may be sent (clause 5.8.6), and nothing piles up.
                report.outcome.done += rest.count
                return
            }
            let step = report.outcome.schedule.step(throttlingMicroseconds: throttling, now: now)
            if case .wait(let until) = step {
                report.outcome.waitUntil = until
                return
            }
            // The right to be told is the one of this moment.
            guard
                let session = policy.current.session(
                    for: subscription,
                    tenant: report.key.tenant,
                    in: store
                )
            else {
                report.outcome.done += rest.count
                return
            }
            // With throttling, all that waited goes into one notification.
            let batch = try await contents(throttling == nil ? rest.prefix(1) : rest, session)
            guard try await send(batch, for: subscription, session, into: &report),
                now.microseconds - start.microseconds < Self.longestGoMicroseconds
            else { return }
            rest = rest.dropFirst(batch.count)
        }
    }

    /// The messages with what they tell, as far as it fits into one notification: one of
    /// registrations has one reason.
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
            if let first = batch.first, !content.goesTogether(with: first.content) { break }
            batch.append(.init(item: item, content: content))
        }
        return batch
    }

    /// Whether the lane may go on.
    private func send(
        _ batch: [NotificationWriter.Message],
        for subscription: IndexedSubscription,
        _ session: ReadSession,
        into report: inout LaneReport
    ) async throws -> Bool {
        guard let first = batch.first?.item else { return false }
        guard let content = try await writer.content(of: batch, for: subscription, session) else {
            report.outcome.done += batch.count
            return true
        }
        let request = writer.request(
            id: identity.notificationID(of: first, to: report.key),
            content,
            for: subscription,
            tenant: report.key.tenant,
            now: clock()
        )
        let result = await sender.send(session.seal(request))
        if Task.isCancelled, result != .delivered { return false }
        return take(result, batch.count, for: subscription, into: &report)
    }

    private func take(
        _ result: DeliveryResult,
        _ count: Int,
        for subscription: IndexedSubscription,
        into report: inout LaneReport
    ) -> Bool {
        let now = clock()
        subscription.tally.count(
            result,
            isRetry: report.outcome.schedule.attempts > 0,
            at: now
        )
        report.outcome.succeeded = result == .delivered
        guard case .failed(let reason) = result else {
            report.outcome.schedule.succeeded(at: now)
            report.outcome.done += count
            return true
        }
        let endpoint = subscription.subscription.notification.endpoint
        logger.info(
            "Notifying '\(subscription.record.id)' failed: \(reason)",
            metadata: ["receiver": "\(endpoint.authority)"]
        )
        let verdict = report.outcome.schedule.failed(
            at: now,
            limits: limits,
            cooldownMilliseconds: endpoint.cooldownMilliseconds,
            chance: chance()
        )
        if verdict == .giveUp {
            report.givenUp = Abandonment(at: now, reason: reason)
            report.outcome.done += 1
        }
        report.outcome.waitUntil = report.outcome.schedule.notBefore ?? now
        return false
    }
}

/// What working off a lane came to.
struct LaneReport: Sendable {
    let key: SubscriptionMatcher.Key
    var outcome: DeliveryLanes.Outcome
    /// The last of the messages that are done with was given up.
    var givenUp: Abandonment?
}

/// When and why a notification was given up.
struct Abandonment: Sendable {
    var at: Timestamp
    var reason: String
}

extension HubIdentity {
    /// The same when a notification is sent again, so that receivers can drop repeats; it does not
    /// tell the number in the outbox, which grows with what is hidden from the receiver, too.
    fileprivate func notificationID(
        of first: OutboxItem,
        to recipient: SubscriptionMatcher.Key
    ) -> String {
        let name = opaqueName(of: [
            "notification", recipient.tenant?.text ?? "", recipient.outbox,
            "\(first.enqueuedAt.microseconds)", "\(first.sequence)",
        ])
        return "urn:ngsi-ld:Notification:\(name)"
    }
}

extension OutboxItem.Content {
    fileprivate func goesTogether(with other: OutboxItem.Content) -> Bool {
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
