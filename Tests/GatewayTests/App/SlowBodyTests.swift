import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import Gateway

/// How long a body may take, by a clock that the test winds.
@Suite struct SlowBodyTests {
    private static let timeout = TimeAmount.seconds(10)
    private static let enough = SlowClientHandler.minimumBytesPerSecond * 10

    private func begun() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handler: SlowClientHandler(timeout: Self.timeout))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 80)).wait()
        let head = HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/")
        try channel.writeInbound(HTTPRequestPart.head(head))
        return channel
    }

    private func send(_ count: Int, on channel: EmbeddedChannel) throws {
        try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(repeating: 0, count: count)))
    }

    @Test func `a body that goes on may take its time`() throws {
        let channel = try begun()
        for _ in 0..<5 {
            try send(Self.enough, on: channel)
            channel.embeddedEventLoop.advanceTime(by: Self.timeout)
            #expect(channel.isActive)
        }
        try channel.writeInbound(HTTPRequestPart.end(nil))
        channel.embeddedEventLoop.advanceTime(by: .hours(1))
        #expect(channel.isActive)
    }

    @Test(arguments: [0, 1, enough - 1])
    func `a body of which too little comes is cut off, early or late`(count: Int) throws {
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
