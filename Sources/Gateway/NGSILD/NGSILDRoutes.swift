package import Broker
import Governance
import HTTPTypes
import Hummingbird

/// The paths of clause 6.2 that several routes share.
enum Paths {
    static let base = "/ngsi-ld/v1"
    static let entities = base + "/entities"
    static let entity = entities + "/{entityId}"
    static let attributes = entity + "/attrs"
    static let attribute = attributes + "/{attrId}"
    static let batch = base + "/entityOperations"
    static let temporal = base + "/temporal/entities"
    static let evolution = temporal + "/{entityId}"
    static let subscriptions = base + "/subscriptions"
    static let contexts = base + "/jsonldContexts"
    static let entityMaps = base + "/entityMaps"
    static let temporalEntityMaps = base + "/temporal/entityMaps"
    static let snapshots = base + "/snapshots"
    static let registrations = base + "/csourceRegistrations"
    static let registrationSubscriptions = base + "/csourceSubscriptions"
}

/// Handles one route with an exchange.
typealias ExchangeHandler = @Sendable (Exchange) async throws -> Response

/// Adds the routes of the NGSI-LD API.
struct NGSILDRoutes {
    let hub: Hub
    let settings: NGSILDSettings
    var table: RouteTable
    private let bodies: BodyMemory

    init(hub: Hub, settings: NGSILDSettings, table: RouteTable) {
        self.hub = hub
        self.settings = settings
        self.table = table
        bodies = BodyMemory(
            bytes: max(Self.maximumBytes, Self.longestBodies * settings.maximumBodyBytes)
        )
    }

    /// The bytes of long bodies being read or processed, shared out as in `BodyMemory`, and
    /// the least number of the longest bodies.
    private static let maximumBytes = 64 << 20
    private static let longestBodies = 4

    mutating func add(_ description: RouteDescription, _ handler: @escaping ExchangeHandler) {
        // Unknown parameters are refused: a misspelt filter must not widen a query.
        let known = Set(description.query.map(\.name)).union(Self.alwaysKnown)
        let (hub, settings, bodies) = (hub, settings, bodies)
        let longBytes = description.longBytes
        table.add(description) { request, context in
            let exchange = try Exchange(
                hub: hub,
                settings: settings,
                allowsSnapshot: description.section.isOfSnapshots,
                request,
                context
            )
            if let unknown = exchange.items.names.first(where: { !known.contains($0) }) {
                throw BrokerError(
                    .invalidRequest,
                    "This request has no parameter '\(unknown)'."
                )
            }
            let sharer = exchange.caller.sharer
            let length = min(request.declaredLength ?? 0, settings.maximumBodyBytes)
            let held = try bodies.take(length, for: sharer)
            defer { withExtendedLifetime(held) {} }
            guard length >= longBytes else { return try await handler(exchange) }
            return try await hub.longWork.run(for: sharer) { try await handler(exchange) }
        }
    }

    /// Adds a route that takes other requests than those of the standard.
    mutating func addPlain(_ description: RouteDescription, _ handler: @escaping RouteHandler) {
        let (hub, settings, bodies) = (hub, settings, bodies)
        let longBytes = description.longBytes
        table.add(description) { request, context in
            let sharer = context.caller.sharer
            let length = min(request.declaredLength ?? 0, settings.maximumBodyBytes)
            let held = try bodies.take(length, for: sharer)
            defer { withExtendedLifetime(held) {} }
            guard length >= longBytes else { return try await handler(request, context) }
            return try await hub.longWork.run(for: sharer) { try await handler(request, context) }
        }
    }

    private static let alwaysKnown: Set<String> = ["local", "via"]
}

extension RouteTable {
    /// Adds every route of the NGSI-LD API.
    package mutating func addNGSILDRoutes(_ hub: Hub, _ settings: NGSILDSettings) {
        var routes = NGSILDRoutes(hub: hub, settings: settings, table: self)
        routes.addEntityRoutes()
        routes.addAttributeRoutes()
        routes.addBatchRoutes()
        routes.addTemporalRoutes()
        routes.addDiscoveryRoutes()
        routes.addSubscriptionRoutes()
        routes.addContextRoutes()
        routes.addDeadLetterRoutes()
        routes.addRegistrationRoutes()
        routes.addEntityMapRoutes()
        routes.addSnapshotRoutes()
        routes.addFeatureRoutes()
        routes.addSensorThingsRoutes()
        routes.addAggregateRoutes()
        routes.addEventRoutes()
        routes.addTileRoutes()
        routes.addCatalogueRoutes()
        routes.addCityRoutes(settings.city ?? KeptCity())
        routes.addModelContextRoutes()
        routes.addGovernanceRoutes()
        routes.addNetworkRoutes()
        self = routes.table
    }
}
