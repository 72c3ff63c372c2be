import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on a free port of this machine that gives set answers and stores the requests.
final class LoopbackServer: Sendable {
    struct Request: Sendable {
        var head: HTTPRequestHead
        var body: String
        var peerPort: Int
    }
    struct Answer: Sendable {
        var status: HTTPResponseStatus
        var headers: HTTPHeaders = [:]
        var body = ""
    }

    private let channel: any Channel
    let requests: AsyncStream<Request>

    init(_ answer: @escaping @Sendable (HTTPRequestHead) -> Answer) async throws {
        let (stream, continuation) = AsyncStream<Request>.makeStream()
        requests = stream
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(Answering(answer: answer, seen: continuation))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }

    func close() async throws { try await channel.close() }
}

private final class Answering: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (HTTPRequestHead) -> LoopbackServer.Answer
    private let seen: AsyncStream<LoopbackServer.Request>.Continuation
    private var head: HTTPRequestHead?
    private var body = ""

    init(
        answer: @escaping @Sendable (HTTPRequestHead) -> LoopbackServer.Answer,
        seen: AsyncStream<LoopbackServer.Request>.Continuation
    ) {
        self.answer = answer
        self.seen = seen
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ""
        case .body(let buffer): body += String(buffer: buffer)
        case .end:
            guard let head else { return }
            let port = context.remoteAddress?.port ?? 0
            seen.yield(.init(head: head, body: body, peerPort: port))
            respond(answer(head), context)
        }
    }

    private func respond(_ answer: LoopbackServer.Answer, _ context: ChannelHandlerContext) {
        var headers = answer.headers
        headers.replaceOrAdd(name: "Content-Length", value: "\(answer.body.utf8.count)")
        let head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
        // It says that there is a body, and does not send it.
        if answer.headers["X-Then"] == ["stall"] {
            return context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
        }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(
            wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))),
            promise: nil
        )
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        // It closes the connection without announcing it.
        if answer.headers["X-Then"] == ["close"] { context.close(promise: nil) }
    }
}
