package import ContextModel
import Governance
import Logging
import Storage

/// An outbox that this process has.
struct OutboxClaim: Sendable {
    var lease: OutboxLease
    /// Whether all is claimed that was there when the term began: what is put there from then on may be
    /// claimed at once.
    var hasAll = false
    /// The number of the last message that was claimed after it had been put there.
    var claimedUpTo: Int64 = 0
    /// Messages that were claimed as they were put there, while older ones are still on their way.
    var arrived: [OutboxFeed.Arrival] = []
}

/// What one process of the hub does for a tenant, until another takes it over.
package struct TenantCharge: Sendable {
    /// Nothing may be sent from then on, unless the charge is taken once more.
    package var until: Timestamp
    /// How often this process has taken over from another: what that one did is in the store.
    package var takeovers: Int
}

/// How the dispatcher comes to messages: those that this process puts into an outbox which it has are
/// its own at once, and all others are claimed here.
extension NotificationDispatcher {
    /// Claims what waits in each outbox, unless another process has it.
    func claimWhatWaits() async {
        for tenant in await tenants {
            while !Task.isCancelled {
                do {
                    if try await isWaiting(in: tenant) { await claim(tenant) }
                    break
                } catch {
                    logger.error("The outbox cannot be read: \(error)")
                    try? await clock.sleep(for: .seconds(1))
                }
            }
        }
    }

    /// A snapshot's store is no tenant's, and has subscriptions, too.
    private var tenants: Set<TenantName?> {
        get async { subscriptions.tenants.union([nil] + (await store.tenantNames)) }
    }

    /// Whether messages wait there that no other process delivers.
    private func isWaiting(in tenant: TenantName?) async throws -> Bool {
        guard let store = try await store.tenant(tenant) else { return false }
        if let lease = try await store.outboxLease(), lease.owner != process, clock() < lease.until
        {
            return false
        }
        return try await store.outboxDepth().count > 0
    }

    // MARK: Claiming

    func claimSoon(_ tenant: TenantName?) {
        guard !claiming.contains(tenant) else {
            claimsAgain.insert(tenant)
            return
        }
        begin { await self.claim(tenant) }
    }

    /// Messages were put there that are to be claimed; where another process has just been found to
    /// do so, they are its business until the outbox is looked at again.
    func claimUnlessRefused(_ tenant: TenantName?) {
        if claims[tenant] == nil, let end = refusedUntil[tenant], clock() < end {
            feed.forgetUnclaimed(tenant)
        } else {
            claimSoon(tenant)
        }
    }

    /// Takes or extends the lease and claims all that is to be claimed; one at a time for each tenant.
    private func claim(_ tenant: TenantName?) async {
        guard claiming.insert(tenant).inserted else {
            claimsAgain.insert(tenant)
            return
        }
        repeat {
            claimsAgain.remove(tenant)
            do {
                while try await claimPage(tenant) {}
                claims[tenant]?.hasAll = true
            } catch is CancellationError {
                // The program ends; whoever has the outbox next claims the rest.
            } catch {
                logger.error("The outbox cannot be read: \(error)")
            }
        } while claimsAgain.contains(tenant) && !Task.isCancelled
        claiming.remove(tenant)
        takeArrived(in: tenant, before: .max)
        if let claim = claims[tenant], claim.hasAll { feed.setTerm(claim.lease.term, of: tenant) }
        startLanes()
    }

    /// Whether there may be more.
    private func claimPage(_ tenant: TenantName?) async throws -> Bool {
        guard !Task.isCancelled, !isStopping else { throw CancellationError() }
        guard let store = try await store.tenant(tenant) else { return false }
        let (known, limit) = (claims[tenant], limits.claimPage)
        let (last, lease, page) = try await store.bookkeep {
            [lending] transaction -> (OutboxLease?, OutboxLease?, [OutboxMessage]) in
            let last = try transaction.outboxLease()
            guard let lease = try lending(transaction, known?.lease) else { return (last, nil, []) }
            let page = try transaction.claimOutbox(
                after: lease.term == known?.lease.term ? known?.claimedUpTo ?? 0 : 0,
                limit: limit,
                in: lease.term,
                grant: InternalGrant(.delivering)
            )
            return (last, lease, page)
        }
        // What that process has counted is read of those that are notified, when they are (`LaneWork`).
        if let last, lease != nil, last.owner != process { takeovers[tenant, default: 0] += 1 }
        // What was claimed as it was put there before this is among the news by now.
        turn()
        guard take(lease, of: tenant) else { return false }
        if let first = page.first { takeArrived(in: tenant, before: first.sequence) }
        for message in page {
            let keepsContent = deliveries.mayLoad(message.body.count)
            let content = OutboxItem(message, tenant: tenant, keepsContent: keepsContent)
            claim(content, for: message.recipients)
        }
        if let newest = page.last { claims[tenant]?.claimedUpTo = newest.sequence }
        startLanes()
        feed.noteClaimed(page, of: tenant)
        return page.count == limit
    }

    /// What asks for the lease, in a transaction.
    private var lending: @Sendable (any BookkeepingTransaction, OutboxLease?) throws -> OutboxLease?
    {
        let now = clock()
        let until = now.advanced(by: limits.leaseMicroseconds)
        return { [process] transaction, known in
            try transaction.leaseOutbox(
                to: process,
                having: known?.term,
                until: until,
                now: now
            )
        }
    }

    /// Notes the lease that was given; false when another process has it.
    private func take(
        _ lease: OutboxLease?,
        of tenant: TenantName?
    ) -> Bool {
        guard let lease else {
            abandon(tenant)
            refusedUntil[tenant] = clock().advanced(by: limits.claimIntervalMicroseconds)
            feed.forgetUnclaimed(tenant)
            return false
        }
        if lease.term == claims[tenant]?.lease.term {
            claims[tenant]?.lease = lease
        } else {
            abandon(tenant)
            claims[tenant] = OutboxClaim(lease: lease)
            refusedUntil[tenant] = nil
        }
        return true
    }

    /// Another process has the outbox by now.
    func abandon(_ tenant: TenantName?) {
        guard claims[tenant] != nil else { return }
        feed.setTerm(nil, of: tenant)
        deliveries.abandon(tenant)
        claims[tenant] = nil
    }

    /// Takes charge of the tenant, or stays in charge, by the lease of its outbox; nil while another
    /// process is.
    ///
    /// Call it before work that only one process may do for a tenant, such as removing what has expired.
    /// The charge lasts for at least some seconds.
    package func takeCharge(of tenant: TenantName?) async throws -> TenantCharge? {
        if let lease = claims[tenant]?.lease, clock() < extensionDue(lease) {
            return TenantCharge(until: lease.until, takeovers: takeovers[tenant, default: 0])
        }
        if claims[tenant] == nil {
            let lease = try await store.tenant(tenant)?.outboxLease()
            if let lease, lease.owner != process, clock() < lease.until { return nil }
        }
        await claim(tenant)
        guard let lease = claims[tenant]?.lease, clock() < lease.until else { return nil }
        return TenantCharge(until: lease.until, takeovers: takeovers[tenant, default: 0])
    }

    /// When the lease is to be extended.
    private func extensionDue(_ lease: OutboxLease) -> Timestamp {
        lease.until.advanced(by: -limits.leaseMicroseconds / 3 * 2)
    }

    // MARK: What comes

    /// A message that was claimed as it was put into the outbox: after all older ones.
    func take(_ arrival: OutboxFeed.Arrival) {
        let tenant = arrival.content.tenant
        guard let claim = claims[tenant], claim.lease.term == arrival.term else { return }
        guard !claiming.contains(tenant), clock() < claim.lease.until else {
            claims[tenant]?.arrived.append(arrival)
            if !claiming.contains(tenant) { claimSoon(tenant) }
            return
        }
        self.claim(arrival.content, for: arrival.recipients)
    }

    /// Takes those messages that came while older ones were claimed.
    private func takeArrived(in tenant: TenantName?, before sequence: Int64) {
        let arrived = claims[tenant]?.arrived ?? []
        let earlier = arrived.prefix { $0.content.sequence < sequence }
        claims[tenant]?.arrived.removeFirst(earlier.count)
        for arrival in earlier { claim(arrival.content, for: arrival.recipients) }
    }

    private func claim(_ content: OutboxItem, for recipients: [String]) {
        deliveries.claim(content, for: recipients, now: clock()) { subscriptions[$0] }
    }

    // MARK: Leases

    /// Looks at each outbox from time to time, until the task is cancelled.
    func watch() async {
        let pause = Duration.microseconds(limits.claimIntervalMicroseconds)
        while (try? await clock.sleep(for: pause)) != nil {
            for tenant in await tenants where !Task.isCancelled {
                do { try await watch(tenant) } catch {
                    logger.error("The outbox cannot be read: \(error)")
                }
            }
        }
    }

    private func watch(_ tenant: TenantName?) async throws {
        guard let lease = claims[tenant]?.lease else {
            if try await isWaiting(in: tenant) { claimSoon(tenant) }
            return
        }
        let now = clock()
        let isBusy = deliveries.isBusy(tenant) || isSettling || claiming.contains(tenant)
        guard isBusy || now < lease.until else {
            // With nothing to deliver it has ended: whoever has something next takes it.
            abandon(tenant)
            return
        }
        guard let store = try await store.tenant(tenant) else { return }
        if extensionDue(lease) <= now, isBusy {
            let extended = try await store.bookkeep { [lending] in try lending($0, lease) }
            _ = take(extended, of: tenant)
            startLanes()
        }
        let hasUnclaimed = try await store.outboxHasUnclaimed()
        if hasUnclaimed || claims[tenant]?.hasAll == false { claimSoon(tenant) }
    }

    /// Gives all leases back: another process need not wait until they end.
    func releaseOutboxes() async {
        for (tenant, claim) in claims {
            do {
                try await store.tenant(tenant)?.bookkeep {
                    try $0.releaseOutbox(in: claim.lease.term)
                }
            } catch {
                logger.error("The outbox cannot be released: \(error)")
            }
        }
        claims = [:]
    }
}
