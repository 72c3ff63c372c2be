import Processes
import Testing

/// The rules of HTTP/1 messages that a client may rely on (RFC 9112, RFC 9110).
@Suite struct MessageRulesTests {
    private static let body = #"{"id": "urn:x:1", "type": "T"}"#
    private static let post =
        "POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"

    private func withHub(_ body: (RealHub) async throws -> Void) async throws {
        let hub = try await RealHub(folder: TestFolder())
        try await body(hub)
        #expect(await hub.stop() == .exited(0))
    }

    @Test func `a request has one host`() async throws {
        let wrong = [
            "GET /health HTTP/1.1\r\n\r\n",
            "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
            "GET /health HTTP/1.1\r\nHost: localhost\r\nhost: elsewhere\r\n\r\n",
            "GET /health HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
            "POST /ngsi-ld/v1/entities HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
        ]
        try await withHub { hub in
            for text in wrong {
                let answer = await hub.exchange(Array(text.utf8), finishes: true)
                #expect(answer?.hasPrefix("HTTP/1.1 400 ") == true, "\(text): \(answer ?? "open")")
            }
        }
    }

    @Test func `a client that waits to send its body is told to continue`() async throws {
        try await withHub { hub in
            let head = Array((Self.post + "Expect: 100-continue\r\n\r\n").utf8)
            let answers = await Wire.converse([head, Array(Self.body.utf8)], withPort: hub.port)
            #expect(answers.first == "HTTP/1.1 100 Continue\r\n\r\n")
            #expect(answers.last?.hasPrefix("HTTP/1.1 201 ") == true, "\(answers)")
        }
    }

    @Test func `a client of HTTP 1_0 gets an answer that it can read, and is disconnected`()
        async throws
    {
        try await withHub { hub in
            let host = "Host: localhost\r\n"
            for head in [host, host + "Connection: keep-alive\r\n"] {
                for path in ["/health", "/ngsi-ld/v1/entities?local=true", "/openapi.json"] {
                    let text = "GET \(path) HTTP/1.0\r\n\(head)\r\n"
                    let answer = try #require(await hub.exchange(Array(text.utf8)), "still open")
                    #expect(answer.hasPrefix("HTTP/1.0 200 "), "\(answer.prefix(80))")
                    #expect(!answer.lowercased().contains("transfer-encoding"))
                }
            }
        }
    }
}
