import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Cuts off a client whose body comes too slowly, and closes the connection after an answer that
/// says so.
///
/// However long a body is, it may take its time as long as it goes on: of one that has not ended,
/// so many bytes must have come each time the timeout has passed.
///
/// A body that arrives together with its head, as almost every one does, costs no timer.
final class SlowClientHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Few enough for the worst of lines.
    static let minimumBytesPerSecond = 4_096

    private let bodyTimeout: TimeAmount
    /// What has come of the body since the timer was set.
    private var received = 0
    private var isReadingBody = false
    private var closesAfterAnswer = false
    private var timer: Scheduled<Void>?

    init(bodyTimeout: TimeAmount) {
        self.bodyTimeout = bodyTimeout
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: isReadingBody = true
        case .body(let part): received += part.readableBytes
        case .end:
            isReadingBody = false
            timer?.cancel()
            timer = nil
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isReadingBody, timer == nil { watch(context) }
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

    /// Closes the connection when too little has come by the next timeout, or any after it.
    private func watch(_ context: ChannelHandlerContext) {
        let least = Self.minimumBytesPerSecond * Int(bodyTimeout.nanoseconds / 1_000_000_000)
        received = 0
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: bodyTimeout) {
            if self.received < least { context.close(promise: nil) } else { self.watch(context) }
        }
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
