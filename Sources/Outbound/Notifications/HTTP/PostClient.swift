import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP client for posts over plain http on reused connections.
///
/// It has only what notifications need, because there are many of them.
final class PostClient: Sendable {
    /// The server that a connection leads to.
    struct Origin: Hashable, Sendable {
        var host: String
        var port: Int
    }

    /// A failure without an answer.
    enum Failure: Error {
        case notConnected, late, lost
        /// Nothing was sent, because what was to be sent may not leave any more.
        case withheld
    }

    private static let connectTimeout = TimeAmount.seconds(5)

    /// A connection that is idle, and its event loop.
    private struct Idle: Sendable {
        var channel: any Channel
        var connection: NIOLoopBound<PostConnection>
    }

    private let group: MultiThreadedEventLoopGroup
    private let idle = Mutex<[Origin: [Idle]]>([:])

    init(group: MultiThreadedEventLoopGroup = .singleton) { self.group = group }

    /// Sends the request and returns the status of the answer.
    ///
    /// `mayLeave` is asked each time when a connection is ready, right before the request is written.
    func post(
        _ head: HTTPRequestHead,
        _ body: ByteBuffer,
        to origin: Origin,
        timeout: TimeAmount,
        mayLeave: @Sendable () async -> Bool
    ) async throws -> HTTPResponseStatus {
        let deadline = NIODeadline.now() + timeout
        // The receiver may be closing an idle connection at this moment, so the request is
        // repeated on a new one. If it arrives twice, the receiver knows the notification by its
        // identifier.
        if let waiting = takeIdle(origin) {
            guard await mayLeave() else {
                keep(waiting, origin)
                throw Failure.withheld
            }
            switch try await send(head, body, on: waiting, until: deadline) {
            case .answered(let status): return status
            case .late: throw Failure.late
            case .lost: break
            }
        }
        let fresh = try await connect(to: origin, until: deadline)
        guard await mayLeave() else {
            keep(fresh, origin)
            throw Failure.withheld
        }
        switch try await send(head, body, on: fresh, until: deadline) {
        case .answered(let status): return status
        case .late: throw Failure.late
        case .lost: throw Failure.lost
        }
    }

    /// Closes the idle connections.
    func shutdown() {
        let all = idle.withLock { idle in
            defer { idle = [:] }
            return idle.values.joined().map(\.channel)
        }
        for channel in all { channel.close(promise: nil) }
    }

    private func send(
        _ head: HTTPRequestHead,
        _ body: ByteBuffer,
        on connection: Idle,
        until deadline: NIODeadline
    ) async throws -> PostConnection.Outcome {
        let loop = connection.channel.eventLoop
        let answer = loop.makePromise(of: PostConnection.Outcome.self)
        loop.execute {
            connection.connection.value.send(
                head,
                body,
                timeout: max(.milliseconds(1), deadline - .now()),
                answer
            )
        }
        return try await answer.futureResult.get()
    }

    // MARK: Connections

    private func connect(to origin: Origin, until deadline: NIODeadline) async throws -> Idle {
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(min(Self.connectTimeout, max(.milliseconds(1), deadline - .now())))
            .channelOption(.socketOption(.so_reuseaddr), value: 1)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        do {
            let prepare: @Sendable (any Channel) -> EventLoopFuture<Idle> = { channel in
                channel.eventLoop.makeCompletedFuture { try self.connection(on: channel, origin) }
            }
            // A numeric address needs no lookup of a name.
            if let address = try? SocketAddress(ipAddress: origin.host, port: origin.port) {
                return try await bootstrap.connect(to: address, channelInitializer: prepare)
            }
            return try await bootstrap.connect(
                host: origin.host,
                port: origin.port,
                channelInitializer: prepare
            )
        } catch is ChannelError {
            throw Failure.late
        } catch {
            throw Failure.notConnected
        }
    }

    /// Must be called on the event loop of the channel.
    private func connection(on channel: any Channel, _ origin: Origin) throws -> Idle {
        let connection = PostConnection()
        try channel.pipeline.syncOperations.addHTTPClientHandlers()
        try channel.pipeline.syncOperations.addHandler(connection)
        let idle = Idle(
            channel: channel,
            connection: NIOLoopBound(connection, eventLoop: channel.eventLoop)
        )
        connection.becameIdle = { [weak self] in self?.keep(idle, origin) }
        connection.closed = { [weak self] in self?.forget(idle, origin) }
        return idle
    }

    private func keep(_ connection: Idle, _ origin: Origin) {
        idle.withLock { $0[origin, default: []].append(connection) }
        // It may have been closed before it was in the list.
        if !connection.channel.isActive { forget(connection, origin) }
    }

    private func forget(_ connection: Idle, _ origin: Origin) {
        idle.withLock { idle in
            idle[origin]?.removeAll { $0.channel === connection.channel }
            if idle[origin]?.isEmpty ?? false { idle[origin] = nil }
        }
    }

    /// The connection that has been idle for the shortest time.
    private func takeIdle(_ origin: Origin) -> Idle? {
        idle.withLock { idle in
            while let last = idle[origin]?.popLast() {
                if idle[origin]?.isEmpty ?? false { idle[origin] = nil }
                if last.channel.isActive { return last }
            }
            return nil
        }
    }
}
