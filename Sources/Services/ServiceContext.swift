package import Broker
package import ContextModel
import Governance
package import Logging

/// All that a service gets from the hub: access to city data as its own party, some documents of
/// its own, and the time.
///
/// It has no store, no operator's rights and no way around the policy. A module declares its
/// subscriptions (`ServiceSubscription`), whose handlers get the context, too.
package struct ServiceContext: Sendable {
    /// Access to city data with the service's own rights.
    ///
    /// Do not answer a caller's request with it: use `ServiceRequest.city`, which has the caller's
    /// rights.
    package let city: CityAccess
    /// Documents that the service stores for itself.
    package let documents: ServiceDocuments
    /// The time by the hub's clock.
    package let clock: @Sendable () -> Timestamp
    /// Waits for a number of seconds; throws when the task is cancelled.
    package let sleep: @Sendable (_ seconds: Int64) async throws -> Void
    /// The log for errors of the service.
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
