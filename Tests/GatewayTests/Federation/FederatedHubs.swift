import Broker
import ContextModel
import Foundation
import Governance
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Outbound
import StorageMemory
import StoreDoubles
import Testing

@testable import Gateway

/// A hub of several that run in this process, each behind a socket of its own.
struct FederatedHub: Sendable {
    let client: any TestClientProtocol
    let hub: Hub

    var url: String { "http://127.0.0.1:\(client.port ?? 0)" }

    @discardableResult
    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ body: JSONValue? = nil,
        _ headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        var headers = headers
        if body != nil { headers[.contentType] = "application/json" }
        return try await client.execute(
            uri: "/ngsi-ld/v1/" + path,
            method: method,
            headers: headers,
            body: body.map { ByteBuffer(bytes: $0.serialized) }
        )
    }

    /// The JSON that a GET answers; the answer must be 200.
    func get(_ path: String, _ headers: HTTPFields = [:]) async throws -> JSONValue {
        let answer = try await send(.get, path, nil, headers)
        #expect(answer.status == .ok, "\(path): \(String(buffer: answer.body))")
        return try JSONReader.read(Array(answer.body.readableBytesView))
    }

    func make(_ entity: JSONValue) async throws {
        let answer = try await send(.post, "entities?local=true", entity)
        #expect(answer.status == .created, "\(String(buffer: answer.body))")
    }

    /// The longest time that a source may have: beside other tests an answer can take seconds.
    static let patience: JSONValue = ["timeout": 30_000]

    /// Registers another hub here.
    func register(
        _ other: FederatedHub,
        _ members: [String: JSONValue] = [:],
        information: JSONValue = [["entities": [["type": "Bus"]]]]
    ) async throws {
        var body: JSONObject = [
            "id": .string("urn:r:\(other.client.port ?? 0)"), "type": "ContextSourceRegistration",
            "endpoint": .string(other.url), "information": information,
            "management": Self.patience,
        ]
        for (key, value) in members { body[key] = value }
        let answer = try await send(.post, "csourceRegistrations", .object(body))
        #expect(answer.status == .created, "\(String(buffer: answer.body))")
    }

    /// Runs the body with so many open hubs, which may call each other.
    static func running(
        _ count: Int,
        policies: [Policy]? = nil,
        limits: @escaping @Sendable (_ place: Int) -> HubLimits = { _ in HubLimits() },
        _ body: @escaping @Sendable ([FederatedHub]) async throws -> Void
    ) async throws {
        try await run(count, [], policies, limits, body)
    }

    private static func run(
        _ count: Int,
        _ hubs: [FederatedHub],
        _ policies: [Policy]?,
        _ limits: @escaping @Sendable (_ place: Int) -> HubLimits,
        _ body: @escaping @Sendable ([FederatedHub]) async throws -> Void
    ) async throws {
        guard hubs.count < count else { return try await body(hubs) }
        let policy = policies?[hubs.count] ?? Policy(permissions: [], isOpen: true)
        let clock = HubClock {
            Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        }
        var outbound = OutboundSettings(
            publicURL: "http://hub.example",
            allowsPrivateAddresses: true
        )
        outbound.asksSources = true
        let parts = try await HubParts.make(
            store: MemoryStore(SharedMemory(), clock: clock.now),
            policy: policy,
            record: RecordDouble(),
            settings: outbound,
            limits: limits(hubs.count),
            clock: clock,
            makeIdentifier: { UUID().uuidString.lowercased() },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        var routes = RouteTable()
        routes.addNGSILDRoutes(parts.hub, NGSILDSettings())
        var settings = GatewaySettings()
        settings.port = 0
        let gateway = makeGateway(
            settings,
            routes: routes,
            tokens: TokenList([
                (TokenHash(of: "operator"), .operator),
                (TokenHash(of: "reader"), .named(PartyID("reader"))),
            ]),
            hubs: HubRequests(parts.hub.networking),
            registry: MetricRegistry(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        do {
            try await gateway.test(.live) { client in
                try await run(
                    count,
                    hubs + [FederatedHub(client: client, hub: parts.hub)],
                    policies,
                    limits,
                    body
                )
            }
        } catch {
            try? await parts.web.shutdown()
            throw error
        }
        try await parts.web.shutdown()
    }
}
