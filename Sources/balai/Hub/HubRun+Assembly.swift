import Broker
import ContextModel
import Foundation
import Gateway
import Governance
import Logging
import Outbound
import Record
import Services
import Storage

/// What the routes of a hub are made of, whatever its configuration says.
struct RoutedParts: Sendable {
    let hub: Hub
    let publisher: RecordPublisher
    let desk: WitnessDesk?
    let services: [HostedService]
    let folder: DataFolder
    let city: KeptCity
    let signIn: SignIn
    let registry: MetricRegistry
    let health: HealthLog
    let lasting = LastingCounts()
}

extension HubRun {
    /// The policy of this run besides the rules that the hub keeps: what the services may do.
    func policy(_ configuration: HubConfiguration) -> Policy {
        var policy = Policy(permissions: configuration.furtherPermissions)
        policy.isOpen = self.configuration.gateway.isOpen
        policy.permissions += services.flatMap { configuration.permissions(of: $0) }
        return policy
    }

    /// The hub with its subscriptions, `@context`s and notifications.
    func hubParts(
        _ store: any Store,
        _ record: RecordWriter,
        _ logger: Logger
    ) async throws -> HubParts {
        let isOpen = configuration.gateway.isOpen
        // With a hub on this machine, the receivers of notifications are mostly on it, too.
        var settings = OutboundSettings(
            publicURL: configuration.reachableURL,
            allowsPrivateAddresses: configuration.allowsPrivateAddresses || isOpen,
            contextFolder: configuration.contextsFolder
        )
        settings.fetchesRemoteContexts = configuration.fetchesRemoteContexts
        settings.asksSources = configuration.asksSources
        settings.delivery = configuration.delivery
        var rereadPolicy: (@Sendable () async throws -> Policy)?
        if let rereading { rereadPolicy = { policy(try await rereading()) } }
        return try await HubParts.make(
            store: store,
            policy: policy(configuration),
            rereadPolicy: rereadPolicy,
            record: record,
            settings: settings,
            limits: configuration.limits,
            clock: HubClock { Timestamp(Date()) },
            makeIdentifier: { UUID().uuidString.lowercased() },
            logger: logger
        )
    }

    /// All routes of the hub: the one place where the parts of the API are combined.
    func routes(_ parts: RoutedParts) throws -> RouteTable {
        var routes = RouteTable(parts.lasting)
        let (hub, publisher, folder) = (parts.hub, parts.publisher, parts.folder)
        var settings = NGSILDSettings()
        settings.maximumBodyBytes = configuration.gateway.maximumBodyBytes
        settings.jsonLimits.maximumDepth = configuration.maximumDepth
        settings.publicURL = configuration.publicURL
        settings.hasTLS = configuration.tls != nil
        settings.catalogue = configuration.catalogue
        settings.catalogue.cityName = configuration.pages.cityName
        settings.timeZone = configuration.pages.timeZone
        settings.city = parts.city
        routes.addNGSILDRoutes(hub, settings)
        routes.addRecordRoutes(publisher, hub)
        routes.addWitnessRoutes(parts.desk) { hub.clock() }
        routes.addServiceRoutes(parts.services, hub, settings)
        routes.addImportRoutes(hub, configuration.imports, parts.registry)
        routes.addSourceRoutes(hub, settings, configuration.sourceSecrets)
        routes.addDeviceRoutes(hub, settings)
        var pages = configuration.pages
        pages.isOpen = configuration.gateway.isOpen
        pages.place = configuration.place
        (pages.publicURL, pages.hasTLS) = (settings.publicURL, settings.hasTLS)
        pages.city = parts.city
        pages.hasNetwork = configuration.networkState != nil
        let assets = try PageAssets(leafletFolder: pages.leafletFolder)
        try routes.addSignIn(parts.signIn, assets: assets, settings: pages) {
            try await hub.governing.purposes(of: $0)
        }
        try routes.addRightsPages(hub, publisher, assets: assets, settings: pages)
        try routes.addSourcePages(hub, assets: assets, settings: pages)
        try routes.addPartyPages(
            hub,
            assets: assets,
            settings: pages,
            tokens: PartyTokenFile(folder)
        )
        try routes.addNetworkPage(hub, assets: assets, settings: pages)
        try routes.addRowsPage(hub, settings, assets: assets, pages: pages)
        try routes.addSetupPage(hub, settings, parts.city, assets: assets, pages: pages)
        try routes.addPages(
            HubPageData(hub: hub, healthLog: parts.health),
            assets: assets,
            settings: pages,
            services: parts.services
        )
        let probe = StoreProbe(hub.store)
        routes.addOperationRoutes(
            version: Balai.version,
            registry: parts.registry,
            policy: hub.access.policy,
            figures: { try await Self.figures(hub, publisher, folder) }
        ) {
            try await probe.run()
        }
        return routes
    }

    /// What `/metrics` tells beside what is counted as it happens.
    private static func figures(
        _ hub: Hub,
        _ publisher: RecordPublisher,
        _ folder: DataFolder
    ) async throws -> HubFigures {
        var figures = try await folder.figures(hub.store)
        figures.members = try await hub.networking.records()
            .map { MemberFigures($0, at: hub.clock()) }
        figures.witnesses = publisher.witnessStatuses.map { WitnessFigures($0, at: hub.clock()) }
        for source in hub.sourcing.all {
            let (told, kept) = hub.sourcing.figures(of: source)
            figures.sources.append(SourceMetrics(source, told, keptRefusals: kept))
        }
        figures.sources.sort { $0.name < $1.name }
        return figures
    }
}

extension HubConfiguration {
    /// The permissions of a service's party: the rights of the service, as far as the operator allows them.
    func permissions(of service: any ServiceModule) -> [Permission] {
        service.permissions(within: services[service.name] ?? ServiceRestrictions())
    }

    /// Whether the hub runs the service.
    func runs(_ service: any ServiceModule) -> Bool { services[service.name]?.isEnabled ?? true }

    /// The place for hints on the pages.
    ///
    /// A hub with a `publicURL` has a proxy, whose requests also come from this machine.
    fileprivate var place: HubPlace {
        let isAnywhere = gateway.host == "0.0.0.0" || gateway.host == "::"
        return HubPlace(
            dataFolder: URL(filePath: dataFolder).standardizedFileURL.path,
            host: isAnywhere ? "127.0.0.1" : gateway.hostInURL,
            port: gateway.port,
            isForThisMachine: Loopback.isLoopback(host: gateway.host) && publicURL == nil
                && tls == nil
        )
    }
}
