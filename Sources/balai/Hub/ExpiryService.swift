import Broker
import ContextModel
import Logging
import ServiceLifecycle
import Storage
import Synchronization

/// Removes what has expired (clause 4.22), of every tenant, within seconds.
final class ExpiryService: Service {
    private let hub: Hub
    /// Tenants of which the last pass failed: that is told once, not each second.
    private let failing = Mutex<Set<TenantName?>>([])

    init(hub: Hub) { self.hub = hub }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: Self.interval)) != nil { await self.pass() }
        }
    }

    private static let interval = Duration.seconds(1)

    /// Goes through the tenants once; a tenant that fails is left for the next time.
    func pass() async {
        for name in [nil] + (await hub.store.tenantNames) {
            do {
                try await hub.removeExpired(of: name)
                try await hub.removeExpiredRegistrations(of: name)
                failing.withLock { _ = $0.remove(name) }
            } catch {
                guard failing.withLock({ $0.insert(name).inserted }) else { continue }
                hub.logger.error("what has expired could not be removed: \(error)")
            }
        }
    }
}
