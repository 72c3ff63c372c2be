import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Turns HTTP/1 messages into the server's requests, and its responses into messages, by the
/// `MessageRules` and the `ClientPace`.
///
/// One handler does all three, because each handler that a part of a message passes costs every
/// request some time.
final class MessageHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private var rules = MessageRules()
    private let pace: ClientPace

    init(pace: ClientPace) { self.pace = pace }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !rules.isBroken else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            do {
                let fields = RuledFields(head.headers)
                let mayGoOn = try rules.begin(fields, head.version)
                var request = try HTTPRequest(head, host: fields.host)
                if rules.isOld { request.headerFields[.connection] = "close" }
                pace.bodyBegins()
                if mayGoOn { sendContinue(context) }
                context.fireChannelRead(wrapInboundOut(.head(request)))
            } catch {
                context.fireErrorCaught(error)
            }
        case .body(let part):
            pace.received(part.readableBytes)
            context.fireChannelRead(wrapInboundOut(.body(part)))
        case .end(let trailers):
            pace.bodyEnds()
            let fields = trailers.map { HTTPFields($0, splitCookie: false) }
            context.fireChannelRead(wrapInboundOut(.end(fields)))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        pace.readComplete(context)
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        pace.writabilityChanged(context)
        context.fireChannelWritabilityChanged()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let response):
            pace.answerBegins(closes: response.headerFields[.connection] == "close")
            let head = rules.ruled(HTTPResponseHead(response))
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body(let part):
            pace.wrote(part.readableBytes)
            context.write(wrapOutboundOut(.body(.byteBuffer(part))), promise: promise)
        case .end(let trailers):
            context.write(
                wrapOutboundOut(.end(trailers.map(HTTPHeaders.init))),
                promise: promise
            )
            pace.answerEnds(context)
            if rules.end() { sendContinue(context) }
        }
    }

    private func sendContinue(_ context: ChannelHandlerContext) {
        let head = HTTPResponseHead(version: .http1_1, status: .continue)
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
    }

    func handlerRemoved(context: ChannelHandlerContext) { pace.stop() }
}

extension HTTPRequest {
    /// Creates the request of a head whose `Host` field has this value.
    fileprivate init(_ head: HTTPRequestHead, host: String?) throws {
        // A target with a slash at the beginning is the path (RFC 9112, section 3.2.1); others are
        // parsed as URLs, which takes many times as long.
        guard head.uri.utf8.first == UInt8(ascii: "/") else {
            self = try HTTPRequest(head, secure: false, splitCookie: false)
            return
        }
        self.init(
            method: try Method(head.method),
            scheme: "http",
            authority: host,
            path: head.uri,
            headerFields: HTTPFields(head.headers, splitCookie: false)
        )
    }
}
