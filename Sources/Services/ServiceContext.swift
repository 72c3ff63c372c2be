package import Broker
package import ContextModel
import Governance
package import Logging

/// All that a service has of the hub: the city's data as its own party may see and change it, a few
/// documents of its own, and the time.
///
/// It gives no store, no operator's rights and no way around the policy. What the service is told of, its
/// module names (`ServiceSubscription`); whoever takes a notification gets the context, too.
package struct ServiceContext: Sendable {
    /// The city's data, with the service's own rights.
    ///
    /// What a service answers to somebody it reads with that person's rights: see
    /// `ServiceRequest.city`.
    package let city: CityAccess
    /// What the service keeps for itself.
    package let documents: ServiceDocuments
    /// The time by the hub's clock.
    package let clock: @Sendable () -> Timestamp
    /// Waits for so many seconds; throws when the task is cancelled.
    package let sleep: @Sendable (_ seconds: Int64) async throws -> Void
    /// Where the service tells what went wrong.
    package let logger: Logger

    /// The context of a module in a hub.
    package init(
        of module: any ServiceModule,
        in hub: Hub,
        logger: Logger? = nil,
        sleep: @escaping @Sendable (_ seconds: Int64) async throws -> Void
    ) {
        city = CityAccess(
            hub,
            for: Caller(party: .service(module.name), purpose: module.purpose)
        )
        documents = ServiceDocuments(of: module.name, in: hub)
        clock = hub.clock.now
        self.sleep = sleep
        self.logger = logger ?? Logger(label: "service.\(module.name.text)")
    }
}
