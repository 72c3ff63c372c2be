import Broker
import ContextModel
import Logging
import ServiceLifecycle
import Storage
import Synchronization

/// Removes the expired entities and attributes of every tenant (clause 4.22) within seconds.
///
/// Of the processes of a hub, the one with the tenant's lease does the work.
final class ExpiryService: Service {
    private let hub: Hub
    private let isInCharge: @Sendable (TenantName?) async throws -> Bool
    /// The tenants whose last pass failed, which is logged once and not each second.
    private let failing = Mutex<Set<TenantName?>>([])

    init(hub: Hub, isInCharge: @escaping @Sendable (TenantName?) async throws -> Bool) {
        self.hub = hub
        self.isInCharge = isInCharge
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await self.hub.clock.sleep(for: Self.interval)) != nil { await self.pass() }
        }
    }

    private static let interval = Duration.seconds(1)

    /// Makes a pass over all tenants; a tenant that fails is tried again in the next pass.
    func pass() async {
        for name in [nil] + (await hub.store.tenantNames) {
            do {
                let isInCharge = { @Sendable [isInCharge] in try await isInCharge(name) }
                try await hub.writing.removeExpired(of: name, if: isInCharge)
                try await hub.registering.removeExpiredRegistrations(of: name, if: isInCharge)
                failing.withLock { _ = $0.remove(name) }
            } catch {
                guard failing.withLock({ $0.insert(name).inserted }) else { continue }
                hub.logger.error("expired entities could not be removed: \(error)")
            }
        }
    }
}
