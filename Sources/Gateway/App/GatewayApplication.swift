import CoreMetrics
package import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore

/// The HTTP server: the routes of a table behind identity, limits, errors and metrics.
package func makeGateway(
    _ settings: GatewaySettings,
    routes: RouteTable,
    tokens: TokenList,
    registry: MetricRegistry,
    logger: Logger,
    onServerRunning: @escaping @Sendable (any Channel) async -> Void = { _ in }
) -> Application<RouterResponder<GatewayContext>> {
    let frame = Frame(
        authentication: Authentication(tokens: tokens, isOpen: settings.isOpen),
        problems: ProblemReporter(registry: registry),
        problemPage: routes.problemPage,
        registry: registry
    )
    return Application(
        router: routes.makeRouter(frame),
        server: .http1(configuration: channelConfiguration(settings, SlowClients(registry))),
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

private func channelConfiguration(
    _ settings: GatewaySettings,
    _ slow: SlowClients
) -> HTTP1Channel.Configuration {
    let bodyTimeout = TimeAmount.seconds(Int64(settings.bodyTimeoutSeconds))
    return HTTP1Channel.Configuration(
        additionalChannelHandlers: [
            MessageHandlerInstaller {
                MessageHandler(pace: ClientPace(timeout: bodyTimeout) { slow.closed($0) })
            }
        ],
        idleTimeout: .seconds(Int64(settings.idleTimeoutSeconds)),
        httpDecoderConfiguration: .init(
            maxHeaderFieldSize: settings.maximumHeaderBytes,
            maxHeaderListSize: settings.maximumHeaderBytes,
            maxHeaderFieldCount: 100
        )
    )
}

/// Counts the connections that were closed because their clients were too slow.
private struct SlowClients: Sendable {
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
