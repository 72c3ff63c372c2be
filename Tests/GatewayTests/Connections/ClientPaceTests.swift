import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Gateway

/// The time for a body, by a clock that the test sets.
@Suite struct ClientPaceTests {
    private static let timeout = TimeAmount.seconds(10)
    private static let enough = ClientPace.minimumBytesPerSecond * 10

    private func begun() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(
            handler: MessageHandler(pace: ClientPace(timeout: Self.timeout))
        )
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 80)).wait()
        let head = HTTPRequestHead(
            version: .http1_1,
            method: .POST,
            uri: "/",
            headers: ["Host": "localhost"]
        )
        try channel.writeInbound(HTTPServerRequestPart.head(head))
        return channel
    }

    private func send(_ count: Int, on channel: EmbeddedChannel) throws {
        try channel.writeInbound(HTTPServerRequestPart.body(ByteBuffer(repeating: 0, count: count)))
    }

    @Test func `a body that makes progress may take its time`() throws {
        let channel = try begun()
        for _ in 0..<5 {
            try send(Self.enough, on: channel)
            channel.embeddedEventLoop.advanceTime(by: Self.timeout)
            #expect(channel.isActive)
        }
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
        channel.embeddedEventLoop.advanceTime(by: .hours(1))
        #expect(channel.isActive)
    }

    @Test(arguments: [0, 1, enough - 1])
    func `a body that makes too little progress is ended, early or late`(count: Int) throws {
        for isLate in [false, true] {
            let channel = try begun()
            if isLate {
                try send(2 * Self.enough, on: channel)
                channel.embeddedEventLoop.advanceTime(by: Self.timeout)
            }
            try send(count, on: channel)
            #expect(channel.isActive)
            channel.embeddedEventLoop.advanceTime(by: Self.timeout)
            #expect(!channel.isActive)
        }
    }
}
