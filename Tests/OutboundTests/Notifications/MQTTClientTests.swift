import Broker
import NIOCore
import NIOPosix
import Testing

@testable import Outbound

@Suite struct MQTTClientTests {
    /// A connected socket is always writable: waiting for writability would not wait.
    @Test func `a broker that accepts a connection and stays silent is waited for`() async throws {
        let silent = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(silent.localAddress?.port)
        let endpoint = MQTTEndpoint(
            uri: "mqtt://127.0.0.1:\(port)/topic",
            version: .v5,
            qualityOfService: 0
        )
        let broker = try #require(endpoint?.broker)
        #expect(try Self.looks(before: broker, port) < 20)
        try await silent.close()
    }

    /// The number of times the socket is polled until nothing is left to write.
    private static func looks(before broker: MQTTEndpoint.Broker, _ port: Int) throws -> Int {
        let client = try #require(MQTTClient(broker))
        let bell = try #require(WakeUp())
        client.connect(to: "127.0.0.1", port: port)
        var looks = 0
        while client.wantsToWrite, looks < 100 {
            let ready = bell.wait(for: client.socket, wantsToWrite: true, milliseconds: 1_000)
            client.work(canRead: ready.canRead, canWrite: ready.canWrite)
            looks += 1
        }
        #expect(client.phase == .connecting)
        return looks
    }
}
