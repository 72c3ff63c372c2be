import AsyncHTTPClient
import Foundation
import NIOHTTP1
import Processes
import Testing

/// Connections that break the rules of HTTP, or are slow.
@Suite struct HostileConnectionTests {
    private static let patience = [
        "BALAI_LIMITS_IDLE_TIMEOUT_SECONDS": "1", "BALAI_LIMITS_BODY_TIMEOUT_SECONDS": "1",
    ]
    private static let post =
        "POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

    /// Runs `body` with a hub with short timeouts, and checks afterwards that the hub works.
    private func withHub(_ body: (RealHub) async throws -> Void) async throws {
        let hub = try await RealHub(folder: TestFolder(), settings: Self.patience)
        try await body(hub)
        try await HubClient.with { client in
            let all = try await Self.entities(of: hub, client)
            #expect(all.status == 200)
            #expect(all.text == "[]", "something was stored")
        }
        #expect(await hub.stop() == .exited(0))
    }

    /// Asks again if the hub's timeout of a second was over before a busy machine sent the
    /// request.
    private static func entities(of hub: RealHub, _ client: HubClient) async throws -> HubAnswer {
        for _ in 0..<20 {
            do {
                return try await client.send(.GET, "/ngsi-ld/v1/entities?local=true", to: hub)
            } catch let error as HTTPClientError where error == .remoteConnectionClosed {}
        }
        return try await client.send(.GET, "/ngsi-ld/v1/entities?local=true", to: hub)
    }

    @Test func `a client that stalls is disconnected at any point`() async throws {
        let stalls = [
            "", "GET /hea", "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
            Self.post + "Content-Length: 1000\r\n\r\n{\"id\": ",
            Self.post + "Transfer-Encoding: chunked\r\n\r\n",
            Self.post + "Transfer-Encoding: chunked\r\n\r\n10\r\n{",
        ]
        try await withHub { hub in
            await withTaskGroup(of: Void.self) { group in
                for text in stalls {
                    group.addTask {
                        let answer = await hub.exchange(Array(text.utf8))
                        #expect(answer != nil, "still open after \(text)")
                    }
                }
            }
        }
    }

    @Test func `a client that sends single bytes slowly is disconnected, too`() async throws {
        try await withHub { hub in
            for start in [
                "GET /health HTTP/1.1\r\nHost: ", Self.post + "Content-Length: 999\r\n\r\n",
            ] {
                #expect(await dribble(start, to: hub), "still open after \(start)")
            }
        }
    }

    /// Sends a byte every fifth of a second; true once the hub has closed the connection.
    private func dribble(_ start: String, to hub: RealHub) async -> Bool {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                guard let wire = try? Wire(toPort: hub.port, patienceMilliseconds: 200) else {
                    return continuation.resume(returning: false)
                }
                wire.send(Array(start.utf8))
                let deadline = ContinuousClock.now + .seconds(30)
                while ContinuousClock.now < deadline {
                    if wire.receiveAll() != nil { return continuation.resume(returning: true) }
                    wire.send([UInt8(ascii: "x")])
                }
                continuation.resume(returning: false)
            }
        }
    }

    private static let garbage: [(String, String)] = [
        ("no HTTP", "\u{0}\u{1}\u{2}\r\n\r\n"),
        ("TLS", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}"),
        ("another version", "GET / HTTP/9.9\r\n\r\n"),
        ("a chunk of no size", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
        (
            "a chunk of a huge size",
            post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n"
        ),
        ("a negative length", post + "Content-Length: -5\r\n\r\n{}"),
        ("two lengths", post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} "),
        (
            "a length and chunks",
            post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        ("a header without a name", "GET /health HTTP/1.1\r\n: x\r\n\r\n"),
        ("a NUL in a header", "GET /health HTTP/1.1\r\nX: a\u{0}b\r\n\r\n"),
        (
            "a header too long",
            "GET /health HTTP/1.1\r\nX: \(String(repeating: "x", count: 1 << 17))\r\n\r\n"
        ),
        (
            "too many headers",
            "GET /health HTTP/1.1\r\n" + (0..<5_000).map { "X\($0): x\r\n" }.joined() + "\r\n"
        ),
        (
            "a URL too long",
            "GET /health?\(String(repeating: "x", count: 1 << 20)) HTTP/1.1\r\n\r\n"
        ),
    ]

    @Test func `input that is not HTTP gets 4xx or nothing, and is closed`() async throws {
        try await withHub { hub in
            for (name, text) in Self.garbage {
                let answer = try #require(
                    await hub.exchange(Array(text.utf8)),
                    "\(name): the connection stays open"
                )
                #expect(
                    answer.isEmpty || answer.hasPrefix("HTTP/1.1 4"),
                    "\(name): \(answer.prefix(200))"
                )
            }
        }
    }

    @Test func `a client that ends its input is answered`() async throws {
        try await withHub { hub in
            let answer = await hub.exchange(
                Array("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8),
                finishes: true
            )
            #expect(answer?.hasPrefix("HTTP/1.1 200 ") == true, "\(answer ?? "still open")")
        }
    }

    @Test func `a client that leaves in the middle of its body stores nothing`() async throws {
        try await withHub { hub in
            for _ in 0..<20 {
                let text =
                    Self.post + "Content-Length: 500\r\n\r\n{\"id\": \"urn:x:1\", \"type\": \"T\"}"
                _ = await hub.exchange(Array(text.utf8), finishes: true)
            }
        }
    }

    @Test func `requests sent ahead are all answered, in their order`() async throws {
        let hub = try await RealHub(folder: TestFolder(), settings: Self.patience)
        var text = ""
        for number in 0..<50 {
            let body = #"{"id": "urn:x:\#(number)", "type": "T"}"#
            text += Self.post + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }
        text += "GET /ngsi-ld/v1/entities?type=T&count=true&limit=0 HTTP/1.1\r\n"
        text += "Host: localhost\r\n\r\n"
        let answer = try #require(await hub.exchange(Array(text.utf8)))
        let places = answer.matches(of: /Location: \S*urn:x:(\d+)/.ignoresCase()).map(\.output.1)
        #expect(places == (0..<50).map { "\($0)" }[...].map { Substring($0) })
        #expect(answer.contains("50"))
        #expect(await hub.stop() == .exited(0))
    }
}
