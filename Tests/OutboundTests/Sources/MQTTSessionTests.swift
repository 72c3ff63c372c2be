import Broker
import Collect
import ContextModel
import Foundation
import Governance
import Logging
import NIOCore
import NIOPosix
import StorageMemory
import StoreDoubles
import Testing

@testable import Outbound

/// Sessions that a broker goes on with, as a broker of the test plays them.
@Suite struct MQTTSessionTests {
    private static let boss = Caller(party: .operator)
    private static let name = [SourceName("lamps")].compactMap(\.self)[0]

    private func topics(_ filters: String) throws -> MQTTTopics {
        let source = try SourceDefinition(definition(port: 1, filters), name: "lamps")
        guard case .mqtt(let topics) = source.way else { throw MQTTError("It is not by MQTT.") }
        return topics
    }

    private func definition(port: Int, _ filters: String) -> String {
        """
        mqtt: {broker: "mqtt://127.0.0.1:\(port)", topics: \(filters)}
        map:
          type: Streetlight
          id: "urn:ngsi-ld:Streetlight:{topic.2}"
          attributes: {power: {column: power}}
        """
    }

    @Test func `a client's name is its tenant's, its source's and its topics'`() throws {
        func name(_ tenant: String?, _ filters: String) throws -> String {
            let tenant = try tenant.map { try #require(TenantName($0)) }
            return MQTTSubscriber.clientName(
                of: SourceKey(tenant, Self.name),
                try topics(filters),
                hubName: "0123456789"
            )
        }
        let names = [
            try name(nil, "[a/+]"), try name("north", "[a/+]"), try name("south", "[a/+]"),
            try name(nil, "[b/+]"), try name(nil, "[a/+, b/+]"),
        ]
        #expect(Set(names).count == names.count)
        #expect(try name(nil, "[b/+, a/+]") == name(nil, "[a/+, b/+]"))
        #expect(names.allSatisfy { $0.hasPrefix("balai-01234567-lamps-") })
    }

    @Test func `messages that come with the answer to the connection are taken`() async throws {
        // CONNACK with a session, then messages with quality of service 1: one of an old topic.
        var bytes: [UInt8] = [0x20, 3, 1, 0, 0]
        for (number, topic, power) in [(UInt8(7), "lamps/1", "40"), (8, "old/2", "41")] {
            let payload = Array(#"{"power": \#(power)}"#.utf8)
            let head = [0, UInt8(topic.utf8.count)] + Array(topic.utf8) + [0, number, 0]
            bytes += [0x32, UInt8(head.count + payload.count)] + head + payload
        }
        let broker = try await ScriptedBroker(answer: bytes)
        let parts = try await HubParts.make(
            store: MemoryStore(SharedMemory()) { Timestamp(microseconds: 1_777_622_400_000_000) },
            policy: Policy(permissions: []),
            record: RecordDouble(),
            settings: OutboundSettings(publicURL: "http://hub.example"),
            clock: HubClock { Timestamp(microseconds: 1_777_622_400_000_000) },
            makeIdentifier: { UUID().uuidString },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let secrets = SourceSecrets(folder: nil, environment: [:])
        let service = SourceService(parts.hub, parts.web, secrets) { _ in true }
        let running = Task { try await service.run() }
        let text = definition(port: broker.port, "[lamps/+]")
        _ = try await parts.hub.sourcing.put(Self.name, text, caller: Self.boss)
        // Both are acknowledged: the broker must not keep what nobody wants.
        #expect(await broker.received([0x40, 2, 0, 7, 0x40, 2, 0, 8]))
        let source = try #require(parts.hub.sourcing.source(SourceKey(nil, Self.name)))
        let figures = parts.hub.sourcing.figures(of: source).figures
        #expect(figures.messages == 1 && figures.entities == 1)
        #expect(figures.last?.topic == "lamps/1")
        running.cancel()
        try await running.value
        let notifications = Task { try await parts.notifications.run() }
        notifications.cancel()
        try await notifications.value
        try await broker.close()
    }
}

/// A broker that answers the first packet with set bytes, in one piece, and notes what comes.
private final class ScriptedBroker: Sendable {
    private let channel: any Channel
    private let arrivals: AsyncStream<[UInt8]>

    init(answer: [UInt8]) async throws {
        let (stream, continuation) = AsyncStream<[UInt8]>.makeStream()
        arrivals = stream
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Answering(answer: answer, seen: continuation)
                    )
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var port: Int { channel.localAddress?.port ?? 0 }

    func close() async throws { try await channel.close() }

    /// Waits until the bytes have come, for 20 seconds at most.
    func received(_ wanted: [UInt8]) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { [arrivals] in
                var all: [UInt8] = []
                for await bytes in arrivals {
                    all += bytes
                    if all.contains(wanted) { return true }
                }
                return false
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(20))
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let seen: AsyncStream<[UInt8]>.Continuation
        private var answer: [UInt8]?

        init(answer: [UInt8], seen: AsyncStream<[UInt8]>.Continuation) {
            self.answer = answer
            self.seen = seen
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            seen.yield(Array(buffer: unwrapInboundIn(data)))
            guard let answer else { return }
            self.answer = nil
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer)), promise: nil)
        }
    }
}
