import Broker
import Collect
import ContextModel
import Foundation
import Governance
import Hummingbird
import HummingbirdTesting
import Logging
import Outbound
import StorageMemory
import StoreDoubles

@testable import Gateway

/// A hub with the routes of NGSI-LD, of sources and of devices, behind a socket.
enum SourceHub {
    /// Runs `body` with a client of the hub; `secret` is in BALAI_SOURCE_AIR.
    static func test(
        secret: String,
        _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let now: @Sendable () -> Timestamp = { Timestamp(microseconds: 1_777_622_400_000_000) }
        let parts = try await HubParts.make(
            store: MemoryStore(SharedMemory(), clock: now),
            policy: Policy(permissions: []),
            record: RecordDouble(),
            settings: OutboundSettings(publicURL: "http://hub.example"),
            clock: HubClock(now),
            makeIdentifier: { UUID().uuidString },
            logger: logger
        )
        var routes = RouteTable()
        routes.addNGSILDRoutes(parts.hub, NGSILDSettings())
        routes.addSourceRoutes(
            parts.hub,
            NGSILDSettings(),
            SourceSecrets(folder: nil, environment: ["BALAI_SOURCE_AIR": secret])
        )
        routes.addDeviceRoutes(parts.hub, NGSILDSettings())
        var settings = GatewaySettings()
        settings.port = 0
        let gateway = makeGateway(
            settings,
            routes: routes,
            tokens: TokenList([(TokenHash(of: SmallHub.operatorToken), .operator)]),
            registry: MetricRegistry(),
            logger: logger
        )
        let isDone: Result<Void, any Error>
        do { isDone = .success(try await gateway.test(.live, body)) } catch {
            isDone = .failure(error)
        }
        let service = Task { try await parts.notifications.run() }
        service.cancel()
        try await service.value
        try isDone.get()
    }
}
