import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A source that answers one request on each connection, says that it keeps it, and closes it at the next one.
final class ClosingSource: Sendable {
    private let channel: any Channel
    private let seen = Seen()

    private final class Seen: Sendable { let connections = Mutex(0) }

    init() async throws {
        let seen = seen
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    seen.connections.withLock { $0 += 1 }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }
    var connections: Int { seen.connections.withLock { $0 } }

    func close() async throws { try await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private var answered = 0

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .end = unwrapInboundIn(data) else { return }
            answered += 1
            guard answered == 1 else { return context.close(promise: nil) }
            let headers: HTTPHeaders = ["Content-Length": "2", "Content-Type": "application/json"]
            let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            let body = context.channel.allocator.buffer(string: "[]")
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
