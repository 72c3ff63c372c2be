import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// Keeps to those rules of HTTP/1 messages (RFC 9112, RFC 9110) that the server behind it does not
/// know.
///
/// - A request of HTTP/1.1 has one `Host` field, and none has two (RFC 9112, section 3.2): others
///   get 400, for a proxy in front may have taken another host for the right one.
/// - A client that waits with its body until it is told to go on (`Expect: 100-continue`) is told
///   (RFC 9110, section 10.1.1).
/// - A client of HTTP/1.0 gets an answer it can read, and the connection is closed behind it.
final class MessageRulesHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Whether the client speaks HTTP/1.0: then this is the last request of the connection.
    private var isOld = false
    private var isRefused = false
    /// Requests whose answers have not ended: a client may send some ahead.
    private var unanswered = 0
    /// Whether the last of them waits with its body for the answers before it.
    private var owesContinue = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefused else { return }
        guard case .head(let head) = unwrapInboundIn(data) else {
            return context.fireChannelRead(data)
        }
        let fields = RuledFields(head.headers)
        guard fields.hosts == 1 || fields.hosts == 0 && head.version.isOld else {
            isRefused = true
            return context.fireErrorCaught(HTTPParserError.invalidHeaderToken)
        }
        unanswered += 1
        if head.version.isOld {
            isOld = true
            return context.fireChannelRead(wrapInboundOut(.head(head.closing)))
        }
        if fields.expectsContinue {
            // In the middle of another answer it would be taken for a part of it.
            if unanswered == 1 { tellToGoOn(context) } else { owesContinue = true }
        }
        // As it came, for a new one would be another piece of memory for each request.
        context.fireChannelRead(data)
    }

    private func answered(_ context: ChannelHandlerContext) {
        unanswered -= 1
        guard owesContinue, unanswered == 1 else { return }
        owesContinue = false
        tellToGoOn(context)
    }

    private func tellToGoOn(_ context: ChannelHandlerContext) {
        let head = HTTPResponseHead(version: .http1_1, status: .continue)
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part = unwrapOutboundIn(data)
        if case .end = part {
            context.write(data, promise: promise)
            return answered(context)
        }
        guard isOld, case .head(var head) = part else {
            return context.write(data, promise: promise)
        }
        // Of this version no chunks are sent: the end of the connection is that of the body.
        head.version = .http1_0
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }
}

/// What a request's header fields say that the rules ask for, found in one walk over them.
private struct RuledFields {
    private(set) var hosts = 0
    private(set) var expectsContinue = false

    init(_ headers: HTTPHeaders) {
        for field in headers {
            // Most names are of another length, and so need no closer look.
            switch field.name.utf8.count {
            case 4 where field.name.lowercased() == "host": hosts += 1
            case 6 where field.name.lowercased() == "expect":
                let expectations = field.value.split(separator: ",")
                if expectations.contains(where: isContinue) { expectsContinue = true }
            default: break
            }
        }
    }

    private func isContinue(_ expectation: Substring) -> Bool {
        expectation.drop { $0 == " " || $0 == "\t" }.lowercased()
            .prefix { $0 != " " && $0 != "\t" } == "100-continue"
    }
}

extension HTTPRequestHead {
    /// The same, of a connection that is closed behind the answer.
    fileprivate var closing: HTTPRequestHead {
        var head = self
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        return head
    }
}

/// Puts the rules where messages are as they came: before the server turns them into its own types.
final class MessageRulesInstaller: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any

    func handlerAdded(context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        do {
            let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
            try pipeline.addHandler(MessageRulesHandler(), position: .before(codec))
        } catch {
            // A connection without the rules is none: a server that is built otherwise shows it.
            context.close(promise: nil)
        }
    }
}

extension HTTPVersion {
    /// Whether it is older than HTTP/1.1.
    fileprivate var isOld: Bool { major < 1 || major == 1 && minor < 1 }
}
