package import ContextModel
import Governance
import Logging
import Storage

/// An outbox whose lease this process has.
struct OutboxClaim: Sendable {
    var lease: OutboxLease
    /// Whether all messages from before the term are claimed, so that new ones may be claimed as
    /// they are added.
    var hasAll = false
    /// The number of the last message that was claimed after it had been added.
    var claimedUpTo: Int64 = 0
    /// Messages that were claimed as they were added, while older ones are still being claimed.
    var arrived: [OutboxFeed.Arrival] = []
}

/// The right of one process to act for a tenant, until another takes over.
package struct TenantCharge: Sendable {
    /// The end of the right, unless it is taken again; nothing may be sent afterwards.
    package var until: Timestamp
    /// How often this process has taken over from another, whose counts are in the store.
    package var takeovers: Int
}

/// Claiming messages.
///
/// Messages that this process adds to an outbox whose lease it has are claimed at once; all others
/// are claimed here.
extension NotificationDispatcher {
    /// Claims the waiting messages of each outbox, unless another process has it.
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

    /// The tenants, and the snapshots, whose stores have subscriptions, too.
    private var tenants: Set<TenantName?> {
        get async { subscriptions.tenants.union([nil] + (await store.tenantNames)) }
    }

    /// Whether messages wait in the outbox that no other process delivers.
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

    /// Claims messages that were added unclaimed.
    ///
    /// If another process was just found to have the outbox, it is left to that process until the
    /// next check.
    func claimUnlessRefused(_ tenant: TenantName?) {
        if claims[tenant] == nil, let end = refusedUntil[tenant], clock() < end {
            feed.forgetUnclaimed(tenant)
        } else {
            claimSoon(tenant)
        }
    }

    /// Takes or extends the lease and claims all messages; one claim at a time for each tenant.
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
                // The program ends; the next process with the lease claims the rest.
            } catch {
                logger.error("The outbox cannot be read: \(error)")
            }
        } while claimsAgain.contains(tenant) && !Task.isCancelled
        claiming.remove(tenant)
        takeArrived(in: tenant, before: .max)
        if let claim = claims[tenant], claim.hasAll { feed.setTerm(claim.lease.term, of: tenant) }
        startLanes()
    }

    /// Claims a page of messages; returns whether there may be more.
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
        // The counts of that process are read when their subscriptions are notified (`LaneWork`).
        if let last, lease != nil, last.owner != process { takeovers[tenant, default: 0] += 1 }
        // Takes the messages that were claimed as they were added before this.
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

    /// The transaction step that asks for the lease.
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

    /// Notes the granted lease; returns false when another process has it.
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

    /// Drops the tenant's messages, because another process has its outbox.
    func abandon(_ tenant: TenantName?) {
        guard claims[tenant] != nil else { return }
        feed.setTerm(nil, of: tenant)
        deliveries.abandon(tenant)
        claims[tenant] = nil
    }

    /// Takes or extends the lease of the tenant's outbox; nil while another process has it.
    ///
    /// Call it before work that only one process may do for a tenant, such as removing expired
    /// entities. The charge lasts at least some seconds.
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

    /// The time at which the lease must be extended.
    private func extensionDue(_ lease: OutboxLease) -> Timestamp {
        lease.until.advanced(by: -limits.leaseMicroseconds / 3 * 2)
    }

    // MARK: New messages

    /// Takes a message that was claimed as it was added, after all older ones.
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

    /// Takes the messages that were added while older ones were claimed.
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

    /// Checks each outbox at intervals, until the task is cancelled.
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
            // A lease that is not needed has ended; the next process with messages takes it.
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

    /// Releases all leases, so that other processes need not wait for their end.
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
