import NIOCore
import NIOPosix
import Synchronization

/// An MQTT broker that accepts every connection and then misbehaves.
final class StubbornBroker: Sendable {
    /// How it misbehaves.
    enum Manner: Sendable {
        /// It sends each answer byte by byte, with pauses.
        case answersByteByByte
        /// It accepts the connection and every message, and acknowledges no message.
        case answersNoMessage
        /// It takes a connection, and does not say so before it is told to.
        case withholdsConnections
        /// It accepts the connection and every message, and acknowledges none before it is told to; it
        /// takes so many before (MQTT 5).
        case withholdsAnswers(most: UInt8)
        /// It accepts the connection and sends an unsolicited message of this many bytes.
        case sendsMessage(bytes: Int)
    }

    private let channel: any Channel
    private let seen = Seen()

    final class Seen: Sendable {
        let connections = Mutex(0)
        let sent = Mutex(0)
        let published = Mutex(0)
        /// What is withheld; nil when nothing is any more.
        let withheld = Mutex<[@Sendable () -> Void]?>([])
        let (withheldOnes, becameWithheld) = AsyncStream<Void>.makeStream()
    }

    init(_ manner: Manner) async throws {
        let seen = seen
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    seen.connections.withLock { $0 += 1 }
                    try channel.pipeline.syncOperations.addHandler(Handler(manner, seen))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var port: Int { channel.localAddress?.port ?? 0 }
    var connections: Int { seen.connections.withLock { $0 } }
    /// The number of bytes of its message that the client has received.
    var sent: Int { seen.sent.withLock { $0 } }

    /// The number of messages that it has received.
    var published: Int { seen.published.withLock { $0 } }

    /// Waits until it withholds so many more answers.
    func withholding(_ count: Int) async {
        var left = count
        for await _ in seen.withheldOnes {
            left -= 1
            if left == 0 { return }
        }
    }

    /// Sends all answers, and no more late.
    func release() {
        let waiting = seen.withheld.withLock { withheld in
            defer { withheld = nil }
            return withheld ?? []
        }
        for send in waiting { send() }
    }

    func close() async throws { try await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let manner: Manner
        private let seen: Seen
        private var bytes: [UInt8] = []
        private var waiting: [UInt8] = []
        private static let pieceBytes = 64 * 1_024

        init(_ manner: Manner, _ seen: Seen) {
            self.manner = manner
            self.seen = seen
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += unwrapInboundIn(data).readableBytesView
            while let packet = nextPacket() { answer(packet, context) }
        }

        /// The first byte of a packet and its content (MQTT 3.1.1, section 2.2).
        private func nextPacket() -> (kind: UInt8, body: [UInt8])? {
            var (length, place) = (0, 1)
            while place < bytes.count {
                length |= Int(bytes[place] & 0x7F) << (7 * (place - 1))
                place += 1
                if bytes[place - 1] & 0x80 == 0 { break }
            }
            guard place > 1, bytes.count >= place + length else { return nil }
            defer { bytes.removeFirst(place + length) }
            return (bytes[0], Array(bytes[place..<place + length]))
        }

        private func answer(
            _ packet: (kind: UInt8, body: [UInt8]),
            _ context: ChannelHandlerContext
        ) {
            if packet.kind & 0xF0 == 0x30 { seen.published.withLock { $0 += 1 } }
            switch (packet.kind & 0xF0, manner) {
            case (0x10, .withholdsConnections): withhold([0x20, 2, 0, 0], context)
            case (0x10, .withholdsAnswers(let most)) where packet.body[6] == 5:
                // With the property Receive Maximum.
                send([0x20, 6, 0, 0, 3, 33, 0, most], context)
            case (0x30, .withholdsAnswers):
                let topicBytes = Int(packet.body[0]) << 8 | Int(packet.body[1])
                withhold([0x40, 2] + packet.body[(2 + topicBytes)...].prefix(2), context)
            case (0x10, _):
                // The version follows the name of the protocol.
                send(packet.body[6] == 5 ? [0x20, 3, 0, 0, 0] : [0x20, 2, 0, 0], context)
                if case .sendsMessage(let count) = manner { flood(count, context) }
            case (0x30, .answersByteByByte):
                let topicBytes = Int(packet.body[0]) << 8 | Int(packet.body[1])
                send([0x40, 2] + packet.body[(2 + topicBytes)...].prefix(2), context)
            default: break
            }
        }

        private func withhold(_ answer: [UInt8], _ context: ChannelHandlerContext) {
            let channel = context.channel
            let send: @Sendable () -> Void = {
                channel.writeAndFlush(ByteBuffer(bytes: answer), promise: nil)
            }
            let isWithheld = seen.withheld.withLock { withheld in
                withheld?.append(send)
                return withheld != nil
            }
            if isWithheld { seen.becameWithheld.yield() } else { send() }
        }

        private func send(_ answer: [UInt8], _ context: ChannelHandlerContext) {
            guard case .answersByteByByte = manner else {
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer)), promise: nil)
                return
            }
            waiting += answer
            if waiting.count == answer.count { sendByte(context) }
        }

        private func sendByte(_ context: ChannelHandlerContext) {
            guard !waiting.isEmpty else { return }
            context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(30)) {
                let byte = ByteBuffer(bytes: [self.waiting.removeFirst()])
                context.writeAndFlush(self.wrapOutboundOut(byte), promise: nil)
                self.sendByte(context)
            }
        }

        /// Sends a message to the topic `t`, piece by piece as the client receives it.
        private func flood(_ count: Int, _ context: ChannelHandlerContext) {
            var head: [UInt8] = [0x30]
            var rest = count
            repeat {
                head.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
                rest >>= 7
            } while rest > 0
            let start = ByteBuffer(bytes: head + [0, 1, 0x74])
            context.writeAndFlush(wrapOutboundOut(start), promise: nil)
            sendPiece(of: count - 3, context)
        }

        private func sendPiece(of rest: Int, _ context: ChannelHandlerContext) {
            guard rest > 0 else { return }
            let count = min(rest, Self.pieceBytes)
            let piece = ByteBuffer(repeating: 0, count: count)
            context.writeAndFlush(wrapOutboundOut(piece)).assumeIsolated().whenSuccess {
                self.seen.sent.withLock { $0 += count }
                self.sendPiece(of: rest - count, context)
            }
        }
    }
}
