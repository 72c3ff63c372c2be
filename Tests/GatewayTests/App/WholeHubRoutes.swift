import Broker
import Governance
import HubNetwork
import Outbound
import Record

@testable import Gateway

extension PageAssets {
    /// The files of pages, read once for all tests that need the map library of Debian's package.
    static let whole = Result { try PageAssets(leafletFolder: "/usr/share/javascript/leaflet") }
}

extension RouteTable {
    /// All routes of a hub with a record, and with the source that `SourceSample` keeps in it.
    static func ofWholeHub(
        _ parts: HubParts,
        _ record: RecordWriter,
        key: HubKey,
        policy: Policy,
        registry: MetricRegistry,
        clock: HubClock
    ) async throws -> RouteTable {
        let (hub, assets) = (parts.hub, try PageAssets.whole.get())
        let (settings, pages) = (NGSILDSettings(), PageSettings())
        let publisher = RecordPublisher(record)
        let health = HealthLog(registry: registry, version: "1", startedAt: clock())
        let signIn = SignIn(key: key, publicURL: nil, clock: clock)
        var routes = RouteTable()
        routes.addNGSILDRoutes(hub, settings)
        routes.addRecordRoutes(publisher, hub)
        routes.addWitnessRoutes(FollowedRecord.desk(), clock: clock.now)
        routes.addImportRoutes(hub, ImportSettings())
        routes.addSourceRoutes(hub, settings, SourceSample.secrets)
        routes.addDeviceRoutes(hub, settings)
        try routes.addSourcePages(hub, assets: assets, settings: pages)
        try routes.addPartyPages(
            hub,
            assets: assets,
            settings: pages,
            tokens: PartyTokenDouble()
        )
        try await SourceSample.keep(in: hub)
        try routes.addPages(
            HubPageData(hub: hub, healthLog: health),
            assets: assets,
            settings: pages
        )
        try routes.addNetworkPage(hub, assets: assets, settings: pages)
        try await hub.networking.receive([[try SampleMember.description.text]])
        try routes.addRowsPage(hub, settings, assets: assets, pages: pages)
        try routes.addSetupPage(hub, settings, KeptCity(), assets: assets, pages: pages)
        try routes.addRightsPages(hub, publisher, assets: assets, settings: pages)
        try routes.addSignIn(signIn, assets: assets, settings: pages) {
            try await hub.governing.purposes(of: $0)
        }
        routes.addOperationRoutes(version: "1", registry: registry, policy: policy) {}
        return routes
    }
}
