import NIOCore
import NIOPosix

/// Receivers that accept every connection and never answer.
final class SlowReceivers: Sendable {
    private let channels: [any Channel]

    init(_ count: Int) async throws {
        var channels: [any Channel] = []
        for _ in 0..<count {
            channels.append(
                try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .serverChannelOption(.backlog, value: 1_024)
                    .bind(host: "127.0.0.1", port: 0).get()
            )
        }
        self.channels = channels
    }

    subscript(number: Int) -> String {
        let port = channels[number % channels.count].localAddress?.port ?? 0
        return "http://127.0.0.1:\(port)/\(number)"
    }

    func close() async throws {
        for channel in channels { try await channel.close() }
    }
}
