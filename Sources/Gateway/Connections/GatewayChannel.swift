import Broker
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import Synchronization

/// What the bytes of a connection pass on their way to the routes and back.
struct GatewayChannel: HTTPChannelHandler {
    /// A connection: requests for the server behind, and the task that answers all others.
    struct Value: ServerChildChannelValue {
        let requests: NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>
        let answers: AnswerTasks

        var channel: any Channel { requests.channel }
    }

    /// Answers requests whose bodies are read piece by piece.
    let responder: Responder
    /// Answers all others.
    let shortResponder: ShortRequestHandler.Responder
    let settings: GatewaySettings
    let slow: SlowClients
    private let turns = TurnsOfLoops()

    init(
        responder: @escaping Responder,
        shortResponder: @escaping ShortRequestHandler.Responder,
        settings: GatewaySettings,
        slow: SlowClients
    ) {
        self.responder = responder
        self.shortResponder = shortResponder
        self.settings = settings
        self.slow = slow
    }

    /// Bytes of a body that is collected before anybody looks at it: longer ones are read on a thread of
    /// their own, and one that is too long is refused before it has come.
    private var shortBytes: Int { min(LongWork.leastBytes, settings.maximumBodyBytes) }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = settings.maximumHeaderBytes
            limits.maxHeaderListSize = settings.maximumHeaderBytes
            limits.maxHeaderFieldCount = 100
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false,
                withErrorHandling: false,
                // The types of the fields let nothing else through.
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
                ShortRequestHandler(
                    maximumBytes: shortBytes,
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
        // A hub that stops waits for what is under way, also where the client is gone.
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
