import Broker
import NIOCore
import NIOHTTP1

/// One connection to a receiver, which sends one notification at a time; used on its event loop.
final class PostConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// The outcome of a request.
    enum Outcome: Sendable {
        case answered(HTTPResponseStatus)
        /// The connection was lost before any part of an answer.
        case lost
        case late
    }

    /// The most bytes of an answer, whose body is ignored; a longer one closes the connection.
    private static let maximumAnswerBytes = 65_536

    private struct Exchange {
        var answer: EventLoopPromise<Outcome>
        var deadline: Scheduled<Void>
        var status: HTTPResponseStatus?
        var isKeptAlive = false
        var bytes = 0
    }

    /// An idle connection is closed after this time, which is shorter than for most servers.
    private static let idleTimeout = TimeAmount.seconds(4)

    /// Called when it can send another notification.
    var becameIdle: () -> Void = {}
    /// Called when it was closed.
    var closed: () -> Void = {}
    private var context: ChannelHandlerContext?
    private var exchange: Exchange?
    private var idleSince = NIODeadline.now()

    /// Sends a request; the connection must be idle.
    func send(
        _ head: HTTPRequestHead,
        _ body: ByteBuffer,
        timeout: TimeAmount,
        _ answer: EventLoopPromise<Outcome>
    ) {
        guard let context, context.channel.isActive else { return answer.succeed(.lost) }
        precondition(exchange == nil, "a connection takes one notification at a time")
        let deadline = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) {
            self.end(.late, keepsConnection: false)
        }
        exchange = Exchange(answer: answer, deadline: deadline)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    private func end(_ outcome: Outcome, keepsConnection: Bool) {
        guard let exchange else { return }
        self.exchange = nil
        exchange.deadline.cancel()
        idleSince = .now()
        if keepsConnection { becameIdle() } else { context?.close(promise: nil) }
        exchange.answer.succeed(outcome)
    }

    // MARK: Events

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        closed()
        becameIdle = {}
        closed = {}
    }

    func channelActive(context: ChannelHandlerContext) {
        closeWhenIdle(context.eventLoop, after: Self.idleTimeout)
        context.fireChannelActive()
    }

    private func closeWhenIdle(_ loop: any EventLoop, after time: TimeAmount) {
        loop.assumeIsolated().scheduleTask(in: time) { [weak self] in
            guard let self, let context else { return }
            let isOver = exchange == nil && idleSince + Self.idleTimeout <= .now()
            if isOver { context.close(promise: nil) } else { closeWhenIdle(loop, after: time) }
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            exchange?.status = head.status
            exchange?.isKeptAlive = head.isKeepAlive
        case .body(let bytes):
            exchange?.bytes += bytes.readableBytes
            if exchange?.bytes ?? 0 > Self.maximumAnswerBytes, let status = exchange?.status {
                end(.answered(status), keepsConnection: false)
            }
        case .end:
            guard let exchange, let status = exchange.status else { return }
            end(.answered(status), keepsConnection: exchange.isKeptAlive)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(exchange?.status.map { .answered($0) } ?? .lost, keepsConnection: false)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.lost, keepsConnection: false)
        context.close(promise: nil)
    }
}
