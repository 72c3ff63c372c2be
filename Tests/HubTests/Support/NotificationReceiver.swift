import ContextModel
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Receives notifications on a free port.
final class NotificationReceiver: Sendable {
    private let channel: any Channel
    let arrivals: Arrivals

    init() async throws {
        let arrivals = Arrivals()
        self.arrivals = arrivals
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(ReceivingHandler(arrivals))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)/" }

    func close() async throws { try await channel.close() }
}

/// The values of `value` that each subscription received of each entity, in the order of arrival.
final class Arrivals: Sendable {
    /// The subscription and the entity of a value.
    struct Stream: Hashable, Sendable {
        var subscription: String
        var entity: String
    }

    private let received = Mutex<[Stream: [Int]]>([:])
    private let signal: AsyncStream<Void>.Continuation
    /// An element follows one or more arrivals.
    let signals: AsyncStream<Void>

    init() { (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    /// The values in the order of their first arrival.
    ///
    /// A notification may come twice; the second one does not count for the order.
    func firsts(_ stream: Stream) -> [Int] {
        var seen: Set<Int> = []
        return received.withLock { $0[stream, default: []].filter { seen.insert($0).inserted } }
    }

    /// Waits until each of the streams has a value.
    func wait(for streams: [Stream]) async {
        for await _ in signals where streams.allSatisfy({ !firsts($0).isEmpty }) { return }
    }

    /// Stores a notification in the simplified representation.
    func take(_ body: [UInt8]) {
        guard let notification = try? JSONReader.read(body).objectValue else { return }
        let subscription = notification["subscriptionId"]?.stringValue ?? ""
        for element in notification["data"]?.arrayValue ?? [] {
            guard let entity = element.objectValue, let id = entity["id"]?.stringValue,
                let value = entity["value"]?.numberValue
            else { continue }
            received.withLock {
                $0[Stream(subscription: subscription, entity: id), default: []]
                    .append(Int(value.doubleValue))
            }
        }
        signal.yield()
    }
}

private final class ReceivingHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let arrivals: Arrivals
    private var body = ByteBuffer()

    init(_ arrivals: Arrivals) { self.arrivals = arrivals }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: body.clear()
        case .body(var part): body.writeBuffer(&part)
        case .end:
            arrivals.take(Array(body.readableBytesView))
            let head = HTTPResponseHead(
                version: .http1_1,
                status: .noContent,
                headers: ["Content-Length": "0"]
            )
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
