package import Broker
import Governance

/// A module that a hub has taken up, with its context.
package struct HostedService: Sendable {
    package let module: any ServiceModule
    package let context: ServiceContext

    package init(
        _ module: any ServiceModule,
        in hub: Hub,
        sleep: @escaping @Sendable (_ seconds: Int64) async throws -> Void
    ) {
        self.module = module
        context = ServiceContext(of: module, in: hub, sleep: sleep)
    }

    /// Where its routes are.
    package var path: String { "/services/\(module.name.text)" }
}
