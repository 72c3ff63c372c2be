import HummingbirdTesting
import Processes
import Testing

@testable import Gateway

@Suite struct SlowClientHandlerTests {
    private var hub: SmallHub {
        var hub = SmallHub()
        hub.settings.maximumBodyBytes = 1000
        hub.settings.bodyTimeoutSeconds = 1
        hub.settings.idleTimeoutSeconds = 2
        return hub
    }

    private static let head = "POST /things/1 HTTP/1.1\r\nHost: x\r\n"

    @Test(arguments: [
        ("a head that never ends", "GET /caller HTTP/1.1\r\nHost:"),
        ("no request at all", ""),
        ("a body that never ends", head + "Content-Length: 100\r\n\r\nslow"),
    ])
    func `a client that stalls is disconnected`(what: String, text: String) async throws {
        try await hub.test { client in
            let answer = await Wire.exchange(Array(text.utf8), withPort: client.port ?? 0)
            #expect(answer != nil, "the connection stays open after \(what)")
        }
    }

    @Test(arguments: [
        "Content-Length: 1001\r\n\r\n",
        "Content-Length: 999999999999\r\n\r\nbegun",
        "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + String(repeating: "x", count: 1001),
    ])
    func `a body that is too long is answered before it has ended`(rest: String) async throws {
        var hub = hub
        hub.settings.bodyTimeoutSeconds = 3600
        hub.settings.idleTimeoutSeconds = 3600
        try await hub.test { client in
            let bytes = Array((Self.head + rest).utf8)
            let answer = await Wire.exchange(bytes, withPort: client.port ?? 0)
            #expect(answer?.hasPrefix("HTTP/1.1 413 ") == true, "\(answer ?? "still open")")
        }
    }

    @Test(arguments: ["GET / HTTP/9.9\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n", "GET  \r\n\r\n"])
    func `input that is not HTTP gets 400, and the connection is closed`(
        text: String
    ) async throws {
        try await hub.test { client in
            let answer = await Wire.exchange(Array(text.utf8), withPort: client.port ?? 0)
            let refusal = try #require(answer, "the connection stays open")
            #expect(refusal.isEmpty || refusal.hasPrefix("HTTP/1.1 400 "), "\(refusal)")
        }
    }
}
