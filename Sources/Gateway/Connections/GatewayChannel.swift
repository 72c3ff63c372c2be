import Broker
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import Synchronization

/// The handlers of a connection between its bytes and the routes.
struct GatewayChannel: HTTPChannelHandler {
    /// A connection: requests for the server, and the task that answers all others.
    struct Value: ServerChildChannelValue {
        let requests: NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>
        let answers: AnswerTasks

        var channel: any Channel { requests.channel }
    }

    /// Answers requests whose bodies are read in pieces.
    let responder: Responder
    /// Answers short requests.
    let shortResponder: ShortRequestHandler.Responder
    /// Asked for each connection.
    let settings: @Sendable () -> GatewaySettings
    let slow: SlowClients
    /// nil for plain HTTP.
    let tls: ServerTLS?
    private let turns = TurnsOfLoops()

    init(
        responder: @escaping Responder,
        shortResponder: @escaping ShortRequestHandler.Responder,
        settings: @escaping @Sendable () -> GatewaySettings,
        slow: SlowClients,
        tls: ServerTLS?
    ) {
        self.responder = responder
        self.shortResponder = shortResponder
        self.settings = settings
        self.slow = slow
        self.tls = tls
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            let settings = settings()
            try tls?.add(to: channel)
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = settings.maximumHeaderBytes
            limits.maxHeaderListSize = settings.maximumHeaderBytes
            limits.maxHeaderFieldCount = 100
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false,
                withErrorHandling: false,
                // The types of the fields accept nothing else.
                withOutboundHeaderValidation: false,
                withEncoderConfiguration: HTTPResponseEncoder.Configuration(),
                withDecoderLimitConfiguration: limits
            )
            let answers = AnswerTasks()
            let bodyTimeout = TimeAmount.seconds(Int64(settings.bodyTimeoutSeconds))
            let pace = ClientPace(timeout: bodyTimeout) { [slow] in slow.closed($0) }
            try pipeline.addHandlers([
                MessageHandler(pace: pace),
                HTTPConnectionStateHandler(
                    idleTimeout: .seconds(settings.idleTimeoutSeconds),
                    logger: logger
                ),
                // Longer bodies are read on another thread, and those that are too long are refused before they
                // arrive.
                ShortRequestHandler(
                    maximumBytes: min(LongWork.leastBytes, settings.maximumBodyBytes),
                    tasks: answers,
                    turns: turns.of(channel.eventLoop),
                    shortResponder
                ),
            ])
            let requests = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
                wrappingChannelSynchronously: channel,
                configuration: .init(isOutboundHalfClosureEnabled: true)
            )
            return Value(requests: requests, answers: answers)
        }
    }

    func handle(value: Value, logger: Logger) async {
        await handleHTTP(asyncChannel: value.requests, logger: logger)
        // A hub that stops waits for requests in progress, even if the client has gone.
        await value.answers.current?.value
    }
}

/// The turns of each event loop.
private final class TurnsOfLoops: Sendable {
    private let known = Mutex<[ObjectIdentifier: LoopTurns]>([:])

    func of(_ loop: any EventLoop) -> LoopTurns {
        known.withLock { known in
            let turns = known[ObjectIdentifier(loop)] ?? LoopTurns(loop)
            known[ObjectIdentifier(loop)] = turns
            return turns
        }
    }
}
