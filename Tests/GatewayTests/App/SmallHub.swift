import Broker
import ContextModel
import Foundation
import Governance
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Storage

@testable import Gateway

/// A Gateway with a few routes, to test what is around them.
struct SmallHub {
    var settings = GatewaySettings()
    var tokens: [(hash: TokenHash, party: Party)] = []
    var registry = MetricRegistry()
    var policy = Policy(permissions: [])
    var figures: FigureReading?
    var probe: HealthProbe = {}
    /// The length of the answer of `/long`.
    var longAnswerBytes = 0

    static let operatorToken = "operator-token-of-the-test"

    init() {
        settings.port = 0
        tokens = [(TokenHash(of: Self.operatorToken), .operator)]
    }

    var routes: RouteTable {
        var routes = RouteTable()
        addExamples(to: &routes, below: "")
        // Requests to the API are answered on the loop of their connection.
        addExamples(to: &routes, below: "/ngsi-ld/v1")
        routes.add(RouteDescription(.get, "/fails/{how}", .operations, "Fail")) { _, context in
            throw Self.error(context.parameters.get("how") ?? "")
        }
        let kept = ByteBuffer(repeating: UInt8(ascii: "x"), count: longAnswerBytes)
        routes.add(
            RouteDescription(.get, "/kept", .operations, "Answer what is kept", keepsAnswers: true)
        ) { _, _ in Response(status: .ok, body: ResponseBody(byteBuffer: kept)) }
        routes.add(RouteDescription(.get, "/page", .pages, "Show a page")) { _, _ in
            Response(status: .ok, headers: [.contentType: "text/html"])
        }
        routes.addOperationRoutes(
            version: "1.2.3",
            registry: registry,
            policy: policy,
            figures: figures,
            probe: probe
        )
        return routes
    }

    private func addExamples(to routes: inout RouteTable, below path: String) {
        let limit = settings.maximumBodyBytes
        let longAnswer = longAnswerBytes
        routes.add(RouteDescription(.get, path + "/caller", .contextInformation, "Say who asks")) {
            Response(
                status: .ok,
                headers: [:],
                body: ResponseBody(byteBuffer: ByteBuffer(string: Self.words(for: $1.caller)))
            )
        }
        routes.add(
            RouteDescription(
                .post,
                path + "/things/{thingId}",
                .contextInformation,
                "Take a body",
                status: 204
            )
        ) { request, _ in
            let body = try await request.bytes(limit: limit)
            return Response(
                status: .ok,
                headers: [:],
                body: ResponseBody(byteBuffer: ByteBuffer(string: "\(body.readableBytes)"))
            )
        }
        routes.add(RouteDescription(.get, path + "/long", .operations, "Answer at length")) {
            _,
            _ in
            let bytes = ByteBuffer(repeating: UInt8(ascii: "x"), count: longAnswer)
            return Response(status: .ok, body: ResponseBody(byteBuffer: bytes))
        }
    }

    /// Runs `body` against the hub on a real socket.
    func test(
        _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let gateway = makeGateway(
            settings,
            routes: routes,
            tokens: TokenList(tokens),
            registry: registry,
            logger: logger
        )
        try await gateway.test(.live, body)
    }

    /// Runs `body` against a hub whose `/long` and `/kept` have answers of this length, with this
    /// timeout for slow clients.
    static func answering(
        _ length: Int,
        timeoutSeconds: Int = 1,
        registry: MetricRegistry = MetricRegistry(),
        _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        var hub = SmallHub()
        hub.longAnswerBytes = length
        hub.registry = registry
        hub.settings.bodyTimeoutSeconds = timeoutSeconds
        try await hub.test(body)
    }

    private static func words(for caller: Caller) -> String {
        let party =
            switch caller.party {
            case .anonymous: "anonymous"
            case .operator: "operator"
            case .named(let id): id.text
            case .service(let name): name.text
            }
        return "\(party) \(caller.purpose?.text ?? "-") \(caller.tenant?.text ?? "-")"
    }

    private static func error(_ how: String) -> any Error {
        switch how {
        case "full": StorageError(.diskFull, note: "secret path")
        case "busy": StorageError(.overloaded, note: "secret queue")
        case "plenty": StorageError(.tooManyResults, note: "secret number")
        case "slow": StorageError(.tookTooLong, note: "secret statement")
        case "damaged": StorageError(.damaged, note: "secret page")
        case "missing": BrokerError(.resourceNotFound, "There is no \"urn:x\".")
        default: Surprise()
        }
    }

    private struct Surprise: Error {}
}

extension TestResponse {
    /// The body as JSON.
    var json: JSONObject {
        get throws { try JSONReader.read(body.readableBytesView).objectValue ?? [:] }
    }
}
