import Broker
import Foundation
import Governance
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Processes
import Synchronization
import Testing

@testable import Outbound

/// Somebody objects while the connection to a receiver is being made: nothing of the body leaves.
@Suite(.timeLimit(.minutes(1))) struct DelayedReceiverTests {
    private func request(_ url: String, _ gate: Gate) async throws -> Disclosed<NotificationRequest>
    {
        var request = NotificationRequest(
            url: url,
            body: Array("canary".utf8),
            timeoutMilliseconds: 30_000,
            party: .operator
        )
        request.mayStillLeave = { gate.isOpen }
        return try await request.sealed()
    }

    private func sending(
        tls: TLSConfiguration? = nil,
        _ body: (HTTPNotificationSender) async throws -> Void
    ) async throws {
        let web = OutboundWeb(allowsPrivateAddresses: true, tls: tls)
        let done: Result<Void, any Error>
        do { done = .success(try await body(HTTPNotificationSender(web))) } catch {
            done = .failure(error)
        }
        try await web.shutdown()
        try done.get()
    }

    @Test func `a receiver with a full backlog gets nothing after an objection`() async throws {
        let receiver = try await DelayedReceiver(tls: nil)
        try await receiver.crowd()
        let gate = Gate()
        try await sending { sender in
            let request = try await request(receiver.url("http"), gate)
            async let result = sender.send(request)
            // The hub is connecting by then, or there is less to see here.
            try await Task.sleep(for: .milliseconds(300))
            #expect(gate.asked == 0)
            gate.close()
            try await receiver.acceptAll()
            #expect(await result == .withheld)
        }
        #expect(receiver.bodies == [] && gate.asked == 1)
        try await receiver.close()
    }

    @Test func `a connection that is used again carries nothing after an objection`() async throws {
        let server = try await LoopbackServer { _ in .init(status: .ok) }
        let (open, closed) = (Gate(), Gate())
        closed.close()
        try await sending { sender in
            var requests = server.requests.makeAsyncIterator()
            var ports: Set<Int> = []
            for gate in [open, closed, open] {
                let result = try await sender.send(request(server.url, gate))
                #expect(result == (gate === open ? .delivered : .withheld))
                guard gate === open else { continue }
                ports.insert(try #require(await requests.next()).peerPort)
            }
            #expect(ports.count == 1)
        }
        try await server.close()
    }

    @Test func `a receiver whose handshake takes long gets nothing after an objection`()
        async throws
    {
        let certificate = try await ReceiverCertificate()
        let receiver = try await DelayedReceiver(tls: certificate.server)
        try await sending(tls: certificate.client) { sender in
            let gate = Gate()
            try await receiver.acceptAll()
            let request = try await request(receiver.url("https"), gate)
            async let result = sender.send(request)
            // The connection is there, and the receiver says nothing yet.
            await receiver.connected()
            gate.close()
            try await receiver.answer()
            #expect(await result == .withheld)
            #expect(receiver.bodies == [])
            // The same receiver gets what nobody objects to.
            let free = try await self.request(receiver.url("https"), Gate())
            #expect(await sender.send(free) == .delivered)
            #expect(receiver.bodies == ["canary"])
        }
        try await receiver.close()
    }
}

/// A receiver that accepts connections when it is told to, and over TLS also answers only then.
private final class DelayedReceiver: Sendable {
    private final class Seen: Sendable {
        let bodies = Mutex<[String]>([])
        let channels = Mutex<[any Channel]>([])
        let isSilent: Mutex<Bool>
        let (accepted, becameAccepted) = AsyncStream<Void>.makeStream()

        init(isSilent: Bool) { self.isSilent = Mutex(isSilent) }
    }
    private let server: any Channel
    private let seen: Seen
    private let crowding = Mutex<[any Channel]>([])

    init(tls: NIOSSLContext?) async throws {
        let seen = Seen(isSilent: tls != nil)
        self.seen = seen
        server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1)
            .serverChannelOption(.autoRead, value: false)
            .childChannelOption(.autoRead, value: tls == nil)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(Reader(seen))
                    seen.channels.withLock { $0.append(channel) }
                    seen.becameAccepted.yield()
                    return seen.isSilent.withLock(\.self)
                }.flatMap { isSilent in
                    isSilent
                        ? channel.eventLoop.makeSucceededVoidFuture()
                        : channel.setOption(.autoRead, value: true)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func url(_ scheme: String) -> String {
        "\(scheme)://127.0.0.1:\(server.localAddress?.port ?? 0)/"
    }

    /// The bodies of requests, and what has come of them.
    var bodies: [String] { seen.bodies.withLock(\.self) }

    /// Connects until the system accepts no more for it.
    func crowd() async throws {
        let address = try #require(server.localAddress)
        for _ in 0..<16 {
            let connection = try? await ClientBootstrap(
                group: MultiThreadedEventLoopGroup.singleton
            )
            .connectTimeout(.milliseconds(500)).connect(to: address).get()
            guard let connection else { return }
            crowding.withLock { $0.append(connection) }
        }
        Issue.record("the backlog never becomes full")
    }

    func acceptAll() async throws { try await server.setOption(.autoRead, value: true).get() }

    /// Waits until a connection was accepted.
    func connected() async { for await _ in seen.accepted { return } }

    /// Goes on with all connections, also later ones.
    func answer() async throws {
        seen.isSilent.withLock { $0 = false }
        for channel in seen.channels.withLock(\.self) {
            try await channel.setOption(.autoRead, value: true).get()
        }
    }

    func close() async throws {
        for channel in crowding.withLock(\.self) { channel.close(promise: nil) }
        try await server.close()
    }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let seen: Seen

        init(_ seen: Seen) { self.seen = seen }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head: break
            case .body(let bytes): seen.bodies.withLock { $0.append(String(buffer: bytes)) }
            case .end:
                let head = HTTPResponseHead(
                    version: .http1_1,
                    status: .ok,
                    headers: ["Content-Length": "0"]
                )
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }

        /// Whoever withholds a body ends the connection.
        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}

/// A certificate for this machine, and clients that trust it alone.
private struct ReceiverCertificate {
    let server: NIOSSLContext
    let client: TLSConfiguration

    /// Throws when there is no `openssl` (`.ci/set-up test` installs it).
    init() async throws {
        let file = NSTemporaryDirectory() + "balai-receiver-\(UUID().uuidString)"
        defer {
            for end in [".pem", ".key", ".log"] {
                try? FileManager.default.removeItem(atPath: file + end)
            }
        }
        let program = try ChildProcess(
            program: "/usr/bin/openssl",
            [
                "req", "-x509", "-days", "2", "-subj", "/CN=receiver", "-addext",
                "subjectAltName=IP:127.0.0.1", "-out", file + ".pem", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-keyout", file + ".key",
            ],
            log: file + ".log"
        )
        try #require(await program.ended() == .exited(0), "\(program.errors)")
        let own = try NIOSSLCertificate.fromPEMFile(file + ".pem")
        let key = try NIOSSLPrivateKey(file: file + ".key", format: .pem)
        server = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: own.map { .certificate($0) },
                privateKey: .privateKey(key)
            )
        )
        var client = TLSConfiguration.makeClientConfiguration()
        client.trustRoots = .certificates(own)
        self.client = client
    }
}
