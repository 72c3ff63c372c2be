import ContextModel
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

@testable import Gateway

@Suite struct BodiesTests {
    private var hub: SmallHub {
        var hub = SmallHub()
        hub.settings.maximumBodyBytes = 100_000
        return hub
    }

    @Test(arguments: [0, 1, 99_999, 100_000])
    func `a body within the limit arrives whole`(count: Int) async throws {
        try await hub.test { client in
            let answer = try await client.execute(
                uri: "/things/1",
                method: .post,
                body: ByteBuffer(repeating: 0x20, count: count)
            )
            #expect(answer.status == .ok)
            #expect(String(buffer: answer.body) == "\(count)")
        }
    }

    @Test func `a body one byte too long is refused and the connection closed`() async throws {
        try await hub.test { client in
            let answer = try await client.execute(
                uri: "/things/1",
                method: .post,
                body: ByteBuffer(repeating: 0x20, count: 100_001)
            )
            #expect(answer.status == .contentTooLarge)
            #expect(answer.headers[.connection] == "close")
            #expect(try answer.json["detail"]?.stringValue?.contains("100000") == true)
        }
    }
}
