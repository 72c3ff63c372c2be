import HummingbirdTesting
import Processes
import Testing

@testable import Gateway

@Suite struct ShortRequestHandlerTests {
    private static let api = "/ngsi-ld/v1"
    private static let read = "GET \(api)/caller HTTP/1.1\r\nHost: x\r\n\r\n"
    private static let last = "GET \(api)/caller HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    private static let longBytes = 200_000

    /// A request with a body of this many bytes; the answer has the number of bytes received.
    private static func write(_ bytes: Int, isChunked: Bool = false) -> String {
        let head = "POST \(api)/things/1 HTTP/1.1\r\nHost: x\r\n"
        let body = String(repeating: "b", count: bytes)
        return isChunked
            ? head
                + "Transfer-Encoding: chunked\r\n\r\n\(String(bytes, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
            : head + "Content-Length: \(bytes)\r\n\r\n\(body)"
    }

    /// The hub's answer on one connection to everything that is sent at once.
    private func exchange(_ text: String, on hub: SmallHub = SmallHub()) async throws -> [String] {
        let answers = Answers()
        try await hub.test { client in
            let all = await Wire.exchange(Array(text.utf8), withPort: client.port ?? 0)
            answers.texts = try #require(all, "the connection stays open")
                .split(separator: "HTTP/1.").map { String($0.dropFirst(2)) }
        }
        return answers.texts
    }

    private final class Answers: @unchecked Sendable { var texts: [String] = [] }

    @Test func `requests sent ahead are answered in their order, short or long`() async throws {
        let sizes = [1, Self.longBytes, 2, 3, Self.longBytes + 1, 0]
        let writes = sizes.map { Self.write($0) } + [Self.write(4, isChunked: true), Self.last]
        let answers = try await exchange(writes.joined())
        let bodies = answers.map { $0.split(separator: "\r\n\r\n").last.map(String.init) ?? "" }
        #expect(bodies == (sizes + [4]).map(String.init) + ["anonymous - -"])
    }

    @Test func `very many requests sent ahead are all answered`() async throws {
        let count = 5_000
        let text = String(repeating: Self.read, count: count) + Self.last
        #expect(try await exchange(text).count == count + 1)
    }

    @Test func `input after a request that is no HTTP is refused after its answer`() async throws {
        for request in [Self.read, Self.write(Self.longBytes)] {
            let answers = try await exchange(request + "nonsense\r\n\r\n")
            #expect(answers.map { $0.prefix(3) } == ["200", "400"])
        }
    }

    @Test func `a body that arrives in pieces is joined`() async throws {
        let text = Self.write(30_000)
        let parts = [text.prefix(50), text.dropFirst(50).prefix(9_000), text.dropFirst(9_050)]
        try await SmallHub().test { client in
            let port = client.port ?? 0
            let answer = await withCheckedContinuation { continuation in
                Task.detached {
                    guard let wire = try? Wire(toPort: port) else {
                        return continuation.resume(returning: "")
                    }
                    for part in parts {
                        wire.send(Array(part.utf8))
                        try? await Task.sleep(for: .milliseconds(50))
                    }
                    continuation.resume(returning: wire.receiveSome() ?? "")
                }
            }
            #expect(answer.hasSuffix("30000"), "\(answer)")
        }
    }

    @Test func `a client that ends its input is answered first`() async throws {
        for (request, body) in [(Self.read, "anonymous - -"), (Self.write(30_000), "30000")] {
            try await SmallHub().test { client in
                let answer = await Wire.exchange(
                    Array((request + request).utf8),
                    withPort: client.port ?? 0,
                    finishes: true
                )
                let answers = answer?.split(separator: "HTTP/1.1 200 ") ?? []
                #expect(answers.count == 2 && answers.allSatisfy { $0.hasSuffix(body) })
            }
        }
    }

    @Test func `bytes after the last request are ignored`() async throws {
        let old = "GET \(Self.api)/caller HTTP/1.0\r\n\r\n"
        for last in [Self.last, old] {
            #expect(try await exchange(Self.read + last + Self.read).count == 2)
        }
    }

    @Test func `a client that reads no answers is not read any more`() async throws {
        let registry = MetricRegistry()
        var hub = SmallHub()
        hub.registry = registry
        hub.settings.bodyTimeoutSeconds = 1
        let head = "HEAD \(Self.api)/caller HTTP/1.1\r\nHost: x\r\n\r\n"
        let count = 400_000
        try await hub.test { client in
            await Wire.neglect(
                Array(String(repeating: head, count: count).utf8),
                withPort: client.port ?? 0,
                forMilliseconds: 5_000
            )
        }
        // Its connection is closed long before all its requests are answered.
        let text = registry.prometheusText()
        #expect(text.contains("balai_slow_clients_closed_total{of=\"answer\"} 1"), "\(text)")
        let line = try #require(
            text.split(separator: "\n").first {
                $0.hasPrefix("http_requests_total{") && $0.contains("\(Self.api)/caller")
                    && $0.contains("2xx")
            }
        )
        let answered = try #require(line.split(separator: " ").last.flatMap { Int($0) })
        #expect(answered < count)
    }

    @Test func `a long answer to a request sent ahead is complete`() async throws {
        var hub = SmallHub()
        hub.longAnswerBytes = 3_000_000
        let long = "GET \(Self.api)/long HTTP/1.1\r\nHost: x\r\n\r\n"
        let answers = try await exchange(long + Self.read + long + Self.last, on: hub)
        let lengths = answers.map { $0.split(separator: "\r\n\r\n").last?.utf8.count ?? 0 }
        #expect(lengths == [3_000_000, 13, 3_000_000, 13])
    }
}

@Suite struct HTTPClockTests {
    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (1_709_164_799, "Wed, 28 Feb 2024 23:59:59 GMT"),
    ])
    func `the time has the format of RFC 9110`(second: Int, text: String) {
        #expect(HTTPClock.text(at: second) == text)
    }

    @Test func `the time advances`() async throws {
        let clock = HTTPClock()
        let first = clock.text
        try await Task.sleep(for: .milliseconds(1_100))
        #expect(clock.text != first)
    }
}
