import AsyncHTTPClient
import Governance
import NIOCore
import NIOHTTP1
import Testing

@testable import Outbound

/// A server that begins an answer and does not go on with it.
@Suite(.timeLimit(.minutes(1))) struct StalledAnswerTests {
    @Test func `an answer without its body is given up at the deadline`() async throws {
        let server = try await LoopbackServer { head in
            .init(
                status: .ok,
                headers: head.uri == "/stalled" ? ["X-Then": "stall"] : [:],
                body: "whole"
            )
        }
        let web = OutboundWeb(allowsPrivateAddresses: true)
        let sharer = Sharer(.operator)
        let whole = try await web.request(server.url + "/whole", for: sharer)
        let stalled = try await web.request(server.url + "/stalled", for: sharer)
        let answer = try await web.answer(to: whole, before: .now() + .seconds(30), atMost: 100)
        #expect(String(buffer: answer.body) == "whole")
        await #expect(throws: HTTPClientError.deadlineExceeded) {
            try await web.answer(to: stalled, before: .now() + .seconds(1), atMost: 100)
        }
        try await web.shutdown()
        try await server.close()
    }
}
