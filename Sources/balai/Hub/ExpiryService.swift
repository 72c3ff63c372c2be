import Broker
import Logging
import ServiceLifecycle
import Storage

/// Removes what has expired (clause 4.22), of every tenant, within seconds.
struct ExpiryService: Service {
    let hub: Hub

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: Self.interval)) != nil { await pass() }
        }
    }

    private static let interval = Duration.seconds(1)

    /// Goes through the tenants once; a tenant that fails is left for the next time.
    func pass() async {
        for name in [nil] + (await hub.store.tenantNames) {
            do {
                try await hub.removeExpired(of: name)
                try await hub.removeExpiredRegistrations(of: name)
            } catch {
                hub.logger.error("what has expired could not be removed: \(error)")
            }
        }
    }
}
