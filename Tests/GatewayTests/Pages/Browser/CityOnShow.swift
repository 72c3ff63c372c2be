import Broker
import CityServices
import ContextModel
import Foundation
import Governance
import Hummingbird
import HummingbirdTesting
import Logging
import Outbound
import Storage
import StorageSQLite

@testable import Gateway

/// A hub on a real socket with its pages, for a browser.
struct CityOnShow {
    var isOpen = false
    /// Whether visitors without a token see nothing.
    var isClosed = false
    var imports = ImportSettings()
    /// Fills it over its API.
    var fill: @Sendable (HTTPHub) async throws -> Void = Self.demoCity

    /// Runs `body` with the address of the hub and a browser.
    func test(
        _ body: @escaping @Sendable (_ address: String, _ browser: Browser) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let browser = try Browser()
        defer { browser.close() }
        let fill = fill
        try await serve(in: folder.path) { client in
            let address = "http://127.0.0.1:\(client.port ?? 0)"
            try await fill(HTTPHub(base: address, token: SmallHub.operatorToken))
            try await body(address, browser)
        }
    }

    /// Runs `body` with the hub, whose data is in the folder.
    func serve(
        in folder: String,
        _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        let store = try SQLiteStore(folder: folder) { Self.now }
        try await gateway(store).test(.live, body)
        await store.close()
    }

    private func gateway(_ store: SQLiteStore) throws -> some ApplicationProtocol {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let hub = hub(store, logger)
        var settings = PageSettings()
        settings.isOpen = isOpen
        settings.cityName = "Phuket"
        settings.timeZone = "Asia/Bangkok"
        var routes = RouteTable()
        routes.addNGSILDRoutes(hub, NGSILDSettings())
        routes.addImportRoutes(hub, imports)
        let health = HealthLog(registry: MetricRegistry(), version: "1", startedAt: Self.now)
        try routes.addPages(
            HubPageData(hub: hub, healthLog: health),
            assets: PageAssets(leafletFolder: settings.leafletFolder),
            settings: settings
        )
        var gateway = GatewaySettings()
        gateway.port = 0
        return makeGateway(
            gateway,
            routes: routes,
            tokens: TokenList([(TokenHash(of: SmallHub.operatorToken), .operator)]),
            registry: MetricRegistry(),
            logger: logger
        )
    }

    private func hub(_ store: SQLiteStore, _ logger: Logger) -> Hub {
        let everything = Permission(assignee: .anyone, actions: [.read], target: .everything)
        return Hub(
            store: store,
            policy: Policy(permissions: isClosed ? [] : [everything], isOpen: isOpen),
            contextSource: NoInternet(),
            publicURL: "http://127.0.0.1",
            identity: HubIdentity(name: "hub", secret: "secret"),
            clock: HubClock { Self.now },
            makeIdentifier: { "1" },
            logger: logger
        )
    }

    private struct NoInternet: LDContextSource {
        func document(
            at url: String,
            for sharer: Sharer
        ) async throws(LDContextError) -> LDContextDocument {
            throw LDContextError(.unavailable, "There is no internet in this test.")
        }
    }
}

// MARK: - Content

extension CityOnShow {
    /// The pages show ages by the real time, so this city uses it.
    static var now: Timestamp {
        Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    }

    /// The present demo city, and the last hours of its people.
    static let demoCity: @Sendable (HTTPHub) async throws -> Void = { hub in
        let city = DemoCity(seed: 1)
        let now = now
        _ = try await hub.upsert(
            JSONValue.array(city.entities(at: now)).serialized,
            isLinkedData: false
        )
        var start = now
        start.microseconds -= 6 * 3_600_000_000
        for evolution in city.history(from: start, to: now, stepSeconds: 900)
        where evolution.objectValue?["type"] == "CrowdFlowObserved" {
            try await hub.appendHistory(evolution.serialized)
        }
    }

    static let nothing: @Sendable (HTTPHub) async throws -> Void = { _ in }

    /// More of one type than the map shows at once, along a street, and a type without locations.
    static let manySpots: @Sendable (HTTPHub) async throws -> Void = { hub in
        let spots = (0..<1_200).map { number -> JSONValue in
            [
                "id": .string("urn:ngsi-ld:ParkingSpot:\(number)"), "type": "ParkingSpot",
                "location": [
                    "type": "GeoProperty",
                    "value": [
                        "type": "Point",
                        "coordinates": [.number(JSONNumber(100 + Double(number) / 10_000)), 13.75],
                    ],
                ],
            ]
        }
        let permit: JSONValue = ["id": "urn:ngsi-ld:Permit:1", "type": "Permit"]
        _ = try await hub.upsert(
            JSONValue.array(spots + [permit]).serialized,
            isLinkedData: false
        )
    }
}
