import ContextModel
import Foundation
import Governance
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Services
import Storage
import StorageMemory
import StorageSQLite

@testable import Broker
@testable import Gateway

/// A hub with its own store behind its whole API.
final class ServedHub: Sendable {
    let hub: Hub
    let store: any Store
    private let folder: String

    static let operatorToken = "operator-token-of-the-test"
    static let officeToken = "office-token-of-the-test"

    init(
        policy: Policy = Policy(permissions: []),
        limits: HubLimits = HubLimits(),
        onDisk: Bool = false
    ) throws {
        folder = NSTemporaryDirectory() + "balai-gateway-\(UUID().uuidString)"
        let clock = HubClock {
            Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        }
        let identifier: @Sendable () -> String = { UUID().uuidString.lowercased() }
        store =
            onDisk
            ? try SQLiteStore(folder: folder, clock: clock.now) : MemoryStore(clock: clock.now)
        hub = Hub(
            store: store,
            policy: policy,
            limits: limits,
            contextSource: NoDocuments(),
            publicURL: "http://hub.example",
            identity: HubIdentity(name: "hub", secret: "secret"),
            clock: clock,
            makeIdentifier: identifier,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Runs `body` against the routes; the caller is the operator unless a token says otherwise.
    func test(
        services: [HostedService] = [],
        verifier: TokenVerifier = .trustingNobody,
        _ body: @escaping @Sendable (ServedClient) async throws -> Void
    ) async throws {
        var routes = RouteTable()
        routes.addNGSILDRoutes(hub, NGSILDSettings())
        routes.addServiceRoutes(services, hub, NGSILDSettings())
        if !services.isEmpty {
            try routes.addPages(
                HubPageData(
                    hub: hub,
                    healthLog: HealthLog(
                        registry: MetricRegistry(),
                        version: "1",
                        startedAt: hub.clock()
                    )
                ),
                assets: PageAssets(leafletFolder: "/usr/share/javascript/leaflet"),
                settings: PageSettings(),
                services: services
            )
        }
        routes.addImportRoutes(hub, ImportSettings())
        routes.addSourceRoutes(hub, NGSILDSettings(), SourceSample.secrets)
        routes.addDeviceRoutes(hub, NGSILDSettings())
        var settings = GatewaySettings()
        settings.port = 0
        let gateway = makeGateway(
            settings,
            routes: routes,
            tokens: TokenList([
                (TokenHash(of: Self.operatorToken), .operator),
                (TokenHash(of: Self.officeToken), .named(PartyID("office"))),
            ]),
            verifier: verifier,
            registry: MetricRegistry(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await gateway.test(.router) { try await body(ServedClient(client: $0)) }
    }

    /// Fills the snapshots that were ordered, without notifications.
    func makeSnapshots() async {
        while let order = hub.snapshotting.snapshots.nextOrder() {
            try? await hub.snapshotting.make(order)
        }
    }

    private struct NoDocuments: LDContextSource {
        func document(
            at url: String,
            for sharer: Sharer
        ) async throws(LDContextError) -> LDContextDocument {
            throw LDContextError(.unavailable, "There is nothing at '\(url)'.")
        }
    }
}

/// Sends NGSI-LD requests.
struct ServedClient: Sendable {
    let client: any TestClientProtocol

    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ body: JSONValue? = nil,
        headers: HTTPFields = [:],
        token: String = ServedHub.operatorToken
    ) async throws -> TestResponse {
        var headers = headers
        headers[.authorization] = "Bearer \(token)"
        if body != nil, headers[.contentType] == nil { headers[.contentType] = "application/json" }
        return try await client.execute(
            uri: path.hasPrefix("/") ? path : "\(Paths.base)/\(path)",
            method: method,
            headers: headers,
            body: body.map { ByteBuffer(bytes: $0.serialized) }
        )
    }

    /// Entities of the type "Bus" with the speeds given.
    func makeBuses(_ speeds: [Int]) async throws {
        for speed in speeds {
            let bus: JSONValue = [
                "id": .string("urn:x:\(speed)"), "type": "Bus",
                "speed": ["type": "Property", "value": .number(JSONNumber(speed))],
            ]
            _ = try await send(.post, "entities", bus)
        }
    }
}

extension TestResponse {
    /// The members `id` of the objects in the body.
    var ids: [String] {
        get throws {
            let value = try JSONReader.read(body.readableBytesView)
            return value.arrayValue?.compactMap { $0.objectValue?["id"]?.stringValue } ?? []
        }
    }
}
