package import Broker
package import Governance

/// A module that a hub has taken up, with its context.
package struct HostedService: Sendable {
    package let module: any ServiceModule
    package let context: ServiceContext
    private let hub: Hub

    package init(
        _ module: any ServiceModule,
        in hub: Hub,
        sleep: @escaping @Sendable (_ seconds: Int64) async throws -> Void
    ) {
        self.module = module
        self.hub = hub
        context = ServiceContext(of: module, in: hub, sleep: sleep)
    }

    /// The city's data as whoever asks the service may see and change it.
    package func city(for asker: Caller) -> CityAccess { CityAccess(hub, for: asker) }

    /// Where its routes are.
    package var path: String { "/services/\(module.name.text)" }
}
