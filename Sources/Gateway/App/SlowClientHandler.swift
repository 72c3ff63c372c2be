import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Cuts off a client that sends its body too slowly, and closes the connection after an answer
/// that says so.
///
/// A body that arrives together with its head, as almost every one does, costs no timer.
final class SlowClientHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let bodyTimeout: TimeAmount
    private var isReadingBody = false
    private var closesAfterAnswer = false
    private var timer: Scheduled<Void>?

    init(bodyTimeout: TimeAmount) {
        self.bodyTimeout = bodyTimeout
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: isReadingBody = true
        case .body: break
        case .end:
            isReadingBody = false
            timer?.cancel()
            timer = nil
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isReadingBody, timer == nil { close(context, after: bodyTimeout) }
        context.fireChannelReadComplete()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            closesAfterAnswer = head.headerFields[.connection] == "close"
            context.write(data, promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            context.write(data, promise: promise)
            if closesAfterAnswer { lingerThenClose(context) }
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
    }

    /// Closing at once while the client still sends would take the answer away from it.
    private func lingerThenClose(_ context: ChannelHandlerContext) {
        context.flush()
        timer?.cancel()
        close(context, after: Self.lingerTime)
    }

    private func close(_ context: ChannelHandlerContext, after time: TimeAmount) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: time) {
            context.close(promise: nil)
        }
    }

    private static let lingerTime = TimeAmount.seconds(1)
}
