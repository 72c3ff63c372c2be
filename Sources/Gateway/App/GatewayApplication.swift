import CoreMetrics
package import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore

/// The HTTP server of a hub.
package typealias GatewayServer = Application<LiveRoutes>

extension GatewayServer {
    /// What answers its requests.
    package var routes: LiveRoutes { responder }
}

/// The HTTP server: the routes of a table behind identity, limits, errors and metrics.
package func makeGateway(
    _ settings: GatewaySettings,
    routes: RouteTable,
    tokens: TokenList,
    verifier: TokenVerifier = .trustingNobody,
    signIn: SignIn? = nil,
    tls: ServerTLS? = nil,
    certificates: ClientCertificates? = nil,
    hubs: HubRequests? = nil,
    registry: MetricRegistry,
    logger: Logger,
    onServerRunning: @escaping @Sendable (any Channel) async -> Void = { _ in }
) -> GatewayServer {
    let responder = LiveRoutes(
        routes,
        settings,
        Frame(
            authentication: Authentication(
                tokens: tokens,
                verifier: verifier,
                signIn: signIn,
                certificates: certificates,
                hubs: hubs,
                isOpen: settings.isOpen
            ),
            problems: ProblemReporter(registry: registry),
            problemPage: routes.problemPage,
            registry: registry,
            crossOrigin: CrossOrigin(settings.origins)
        )
    )
    let slow = SlowClients(registry)
    return Application(
        responder: responder,
        server: HTTPServerBuilder { longResponder in
            GatewayChannel(
                responder: longResponder,
                shortResponder: shortResponder(responder, logger),
                settings: { responder.settings },
                slow: slow,
                tls: tls
            )
        },
        configuration: ApplicationConfiguration(
            address: .hostname(settings.host, port: settings.port),
            availableConnectionsDelegate: MaximumAvailableConnections(
                settings.maximumConnections,
                logger: logger
            )
        ),
        onServerRunning: onServerRunning,
        logger: logger
    )
}

/// Answers short requests in the same way as the server answers all others.
private func shortResponder(
    _ responder: LiveRoutes,
    _ logger: Logger
) -> ShortRequestHandler.Responder {
    let clock = HTTPClock()
    return { request, channel, executor in
        let source = ApplicationRequestContextSource(channel: channel, logger: logger)
        var context = GatewayContext(source: source)
        context.executor = executor
        var response: Response
        do {
            response = try await responder.respond(to: request, context: context)
        } catch {
            // Endpoints turn errors into answers; only writing such an answer can have failed.
            context.logger.error("no answer could be written: \(error)")
            response = Response(status: .internalServerError)
        }
        response.headers[.date] = clock.text
        return response
    }
}

/// Counts the connections that were closed because of slow clients.
struct SlowClients: Sendable {
    private let bodies: Counter
    private let answers: Counter

    init(_ registry: MetricRegistry) {
        func counter(_ direction: ClientPace.Direction) -> Counter {
            Counter(
                label: "balai_slow_clients_closed",
                dimensions: [("of", direction.rawValue)],
                factory: registry
            )
        }
        bodies = counter(.body)
        answers = counter(.answer)
    }

    func closed(_ direction: ClientPace.Direction) {
        switch direction {
        case .body: bodies.increment()
        case .answer: answers.increment()
        }
    }
}
