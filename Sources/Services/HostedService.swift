package import Broker
package import Governance
import Logging

/// A module that runs in a hub, with its context.
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
        for (subscription, receiver) in receivers {
            hub.serviceReceivers.set(
                { [context] in
                    try await subscription.handler(try ServiceNotification($0), context)
                },
                for: receiver
            )
        }
    }

    /// Access to city data with the rights of the service's caller.
    package func city(for asker: Caller) -> CityAccess { CityAccess(hub, for: asker) }

    /// Changes the subscriptions of services in the hub to those of these modules.
    ///
    /// Call it before notifications are sent, and again when a policy gives services other rights.
    /// A subscription that the policy refuses is not created, and the reason is logged. When the
    /// store fails, all stay as they are.
    package static func subscribe(_ services: [HostedService], in hub: Hub) async {
        let wanted = services.flatMap { service in
            service.receivers.map { subscription, receiver in
                ServiceSubscriptionRequest(
                    subscription.body(for: receiver),
                    of: service.context.city.caller
                )
            }
        }
        do {
            for refusal in try await hub.subscribing.keepServiceSubscriptions(wanted) {
                hub.logger.error("\(refusal)")
            }
        } catch {
            hub.logger.error("the subscriptions of services could not be stored: \(error)")
        }
    }

    /// Puts into force what these modules say of their data; what cannot be is told in the log, and their data
    /// is then `internal`.
    package static func govern(_ services: [HostedService], in hub: Hub) async {
        for module in services.map(\.module) {
            do {
                try await hub.governing.adopt(
                    classification: module.classification,
                    policies: module.policies
                )
            } catch {
                hub.logger.error(
                    "what \(module.name.text) says of its data is not in force: \(error)"
                )
            }
        }
    }

    private var receivers: [(ServiceSubscription, ServiceReceiver)] {
        module.subscriptions.map { subscription in
            guard let receiver = ServiceReceiver(of: module.name, subscription.name) else {
                preconditionFailure("'\(subscription.name)' is not a name of a subscription")
            }
            return (subscription, receiver)
        }
    }

    /// A description of its rights under the policy in force, one line for each.
    package var rights: [String] { hub.access.policy.summary(of: module.name) }

    /// The path of its routes.
    package var path: String { "/services/\(module.name.text)" }
}
