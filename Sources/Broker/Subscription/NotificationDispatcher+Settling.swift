import ContextModel
import Logging
import Storage

/// Storing the outcomes of messages, many at once and after the deliveries.
///
/// After a crash, some messages are sent again.
extension NotificationDispatcher {
    private static let housekeepingMicroseconds: Int64 = 1_000_000
    private static let countsPerSettlement = 500

    /// Notes that the counts of the subscription changed.
    ///
    /// With throttling they are stored at once, because throttling must continue after a restart.
    func count(_ key: Key) {
        if isThrottled(key) { deliveries.count(key) } else { uncounted.insert(key) }
    }

    // MARK: Maintenance

    func housekeepSoon() {
        guard !isHousekeeping, deliveries.hasPartlyDone || !uncounted.isEmpty else { return }
        isHousekeeping = true
        begin {
            let pause = Duration.microseconds(Self.housekeepingMicroseconds)
            guard (try? await self.clock.sleep(for: pause)) != nil else { return }
            await self.housekeep()
        }
    }

    private func housekeep() async {
        let now = clock()
        deliveries.narrow(doneSince: now.advanced(by: -limits.narrowingDelayMicroseconds))
        if countsWrittenAt.advanced(by: limits.countsDelayMicroseconds) <= now {
            countsWrittenAt = now
            let keys = uncounted
            uncounted = []
            await settle(keys)
        }
        settleSoon()
        isHousekeeping = false
        housekeepSoon()
    }

    // MARK: Settling

    func settleSoon() {
        guard !isSettling, deliveries.hasSettlements else { return }
        isSettling = true
        begin {
            await self.settle()
            await self.endSettling()
        }
    }

    private func endSettling() {
        isSettling = false
        settleSoon()
    }

    /// Stores all outcomes and the counts of these subscriptions, in one transaction for each
    /// tenant and for each portion of counts.
    func settle(_ keys: Set<Key> = []) async {
        var rest = Array(keys)
        repeat {
            for key in rest.suffix(Self.countsPerSettlement) { deliveries.count(key) }
            rest.removeLast(min(rest.count, Self.countsPerSettlement))
            for (tenant, settlement) in deliveries.takeSettlements() {
                await write(settlement, tenant)
            }
        } while !rest.isEmpty
    }

    private func write(_ settlement: OutboxSettlement, _ tenant: TenantName?) async {
        let term = claims[tenant]?.lease.term
        do {
            try await write(settlement, tenant, in: term)
        } catch let error as StorageError where error.code == .leaseLost {
            // Another process stores the outcomes of these messages.
            if claims[tenant]?.lease.term == term { abandon(tenant) }
            deliveries.putBack(OutboxSettlement(counted: settlement.counted), of: tenant)
        } catch {
            logger.error("Outcomes of deliveries cannot be stored: \(error)")
            if claims[tenant]?.lease.term == term { deliveries.putBack(settlement, of: tenant) }
            try? await clock.sleep(for: .seconds(1))
        }
    }

    private func write(
        _ settlement: OutboxSettlement,
        _ tenant: TenantName?,
        in term: Int64?
    ) async throws {
        guard let store = try await store.tenant(tenant) else { return }
        let counts = settlement.counted.reduce(into: [:]) { counts, key in
            counts[key] = subscriptions[key]?.tally.counts
        }
        let mustTrim = deadLetters[tenant, default: DeadLetterLimit(limits: limits)]
            .mustBeTrimmed(after: settlement.letters)
        let dropped = try await store.bookkeep { [limits] transaction in
            let lost = try settlement.write(to: transaction, counts, in: term, limits: limits)
            return try lost + (mustTrim ? DeadLetterLimit.trim(transaction, limits) : 0)
        }
        if dropped > 0 {
            logger.warning(
                "\(dropped) dead letters were removed: the limit is \(limits.maximumDeadLetters)."
            )
        }
    }
}
