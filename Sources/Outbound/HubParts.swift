package import Broker
package import ContextModel
package import Governance
package import Logging
import ServiceLifecycle
package import Storage

/// The settings for connections from the hub to others.
package struct OutboundSettings: Sendable {
    /// The URL of this hub for the outside, without a slash at the end.
    package var publicURL: String
    /// Whether notifications and `@context`s may use addresses of private networks and of this
    /// machine.
    package var allowsPrivateAddresses: Bool
    /// A folder of `@context` documents, for places without Internet access.
    package var contextFolder: String?
    /// Whether registered Context Sources are asked, and changed.
    package var asksSources = false
    /// Whether `@context`s may be fetched from other servers at all.
    package var fetchesRemoteContexts = true
    package var delivery = DeliveryLimits()

    package init(
        publicURL: String,
        allowsPrivateAddresses: Bool = false,
        contextFolder: String? = nil
    ) {
        self.publicURL = publicURL
        self.allowsPrivateAddresses = allowsPrivateAddresses
        self.contextFolder = contextFolder
    }
}

/// A hub and the service that sends its notifications.
package struct HubParts: Sendable {
    package let hub: Hub
    package let notifications: NotificationService
    /// By which all of the hub goes out.
    package let web: OutboundWeb

    /// Creates a hub with the identity, subscriptions and `@context`s of its store.
    package static func make(
        store: any Store,
        policy: Policy,
        rereadPolicy: (@Sendable () async throws -> Policy)? = nil,
        record: (any PublicRecord)? = nil,
        settings: OutboundSettings,
        limits: HubLimits = HubLimits(),
        clock: HubClock,
        makeIdentifier: @escaping @Sendable () -> String,
        chance: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        logger: Logger
    ) async throws -> HubParts {
        let folder = try settings.contextFolder.map { path throws(LDContextError) in
            try ContextFolder(path: path)
        }
        let identity = try await HubIdentity.kept(in: store, makeIdentifier: makeIdentifier)
        let web = OutboundWeb(allowsPrivateAddresses: settings.allowsPrivateAddresses)
        let hub = Hub(
            store: store,
            policy: policy,
            rereadPolicy: rereadPolicy,
            record: record,
            limits: limits,
            contextSource: HTTPContextSource(
                web,
                folder: folder,
                fetchesRemote: settings.fetchesRemoteContexts
            ),
            publicURL: settings.publicURL,
            identity: identity,
            refusesAddress: { web.guardian.refuses($0) },
            delivery: settings.delivery,
            sources: CollectedSources(),
            sourceClient: settings.asksSources ? HTTPSourceClient(web) : nil,
            clock: clock,
            makeIdentifier: makeIdentifier,
            logger: logger
        )
        do {
            try await hub.loadWhatTheStoreHas()
        } catch {
            try? await web.shutdown()
            throw error
        }
        let notifications = NotificationService(hub, web, settings.delivery, chance)
        return HubParts(hub: hub, notifications: notifications, web: web)
    }
}

extension Hub {
    fileprivate func loadWhatTheStoreHas() async throws {
        try await following.loadContexts()
        try await snapshotting.loadSnapshots()
        try await following.loadSubscriptions()
        try await following.checkRegistrations()
        await governing.takeUpRecord()
        try await sourcing.loadSources()
    }
}

/// Sends notifications and fills snapshots until the program ends; unsent messages stay in the
/// outbox.
package struct NotificationService: Service {
    let dispatcher: NotificationDispatcher
    let periodic: PeriodicNotifier
    let snapshots: SnapshotMaker
    private let hub: Hub
    let sender: OutboundNotificationSender
    let web: OutboundWeb

    fileprivate init(
        _ hub: Hub,
        _ web: OutboundWeb,
        _ limits: DeliveryLimits,
        _ chance: @escaping @Sendable () -> Double
    ) {
        self.web = web
        self.hub = hub
        sender = OutboundNotificationSender(
            http: HTTPNotificationSender(web),
            mqtt: MQTTNotificationSender(web),
            services: hub.serviceReceivers
        )
        dispatcher = NotificationDispatcher(
            store: hub.store,
            access: hub.access,
            subscriptions: hub.subscriptions,
            feed: hub.outboxFeed,
            sender: sender,
            identity: hub.identity,
            limits: limits,
            clock: hub.clock,
            chance: chance,
            logger: hub.logger
        )
        periodic = PeriodicNotifier(
            store: hub.store,
            access: hub.access,
            subscriptions: hub.subscriptions,
            registrations: hub.registrations,
            sender: sender,
            takeCharge: { [dispatcher] in try await dispatcher.takeCharge(of: $0) },
            limits: limits,
            clock: hub.clock,
            makeIdentifier: hub.makeIdentifier,
            logger: hub.logger
        )
        snapshots = SnapshotMaker(hub.snapshotting, sender: sender)
    }

    /// Whether this process does the work for the tenant that only one process of the hub may do.
    ///
    /// It takes the lease if no process has it; ask only when there is work.
    package func isInCharge(of tenant: TenantName?) async throws -> Bool {
        try await dispatcher.takeCharge(of: tenant) != nil
    }

    /// Must run once, also to close the connections for fetching `@context`s.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await dispatcher.run() }
                group.addTask { await periodic.run() }
                group.addTask { await snapshots.run() }
                group.addTask { await hub.following.followChanges() }
            }
        }
        sender.mqtt.shutdown()
        try await web.shutdown()
    }
}
