import Broker
import Governance
import NIOHTTP1
import Synchronization
import Testing

@testable import Outbound

@Suite(.timeLimit(.minutes(1))) struct HTTPNotificationSenderTests {
    private func send(
        to url: String,
        allowsPrivate: Bool = true,
        timeoutMilliseconds: Double = 30_000
    ) async throws -> DeliveryResult {
        let web = OutboundWeb(allowsPrivateAddresses: allowsPrivate)
        let result = try await HTTPNotificationSender(web).send(
            request(url, timeoutMilliseconds: timeoutMilliseconds)
        )
        try await web.shutdown()
        return result
    }

    private func request(
        _ url: String,
        timeoutMilliseconds: Double = 30_000
    ) async throws -> Disclosed<NotificationRequest> {
        try await NotificationRequest(
            url: url,
            body: Array("{}".utf8),
            timeoutMilliseconds: timeoutMilliseconds,
            party: .operator
        ).sealed()
    }

    @Test(arguments: [200, 201, 204, 299])
    func `any success counts, and the receiver gets the body`(status: Int) async throws {
        let server = try await LoopbackServer { _ in .init(status: .init(statusCode: status)) }
        #expect(try await send(to: server.url + "/notify") == .delivered)
        var requests = server.requests.makeAsyncIterator()
        let request = try #require(await requests.next())
        #expect(request.head.uri == "/notify")
        #expect(request.head.headers.first(name: "Content-Type") == "application/json")
        #expect(request.body == "{}")
        try await server.close()
    }

    @Test(arguments: [301, 404, 500])
    func `any other answer is a failure with its status`(status: Int) async throws {
        let server = try await LoopbackServer { _ in .init(status: .init(statusCode: status)) }
        #expect(
            try await send(to: server.url) == .failed("The receiver answered \(status).")
        )
        try await server.close()
    }

    @Test func `a receiver inside the private network is not called`() async throws {
        let result = try await send(to: "http://127.0.0.1:1/", allowsPrivate: false)
        guard case .failed(let reason) = result else {
            Issue.record("It was called.")
            return
        }
        #expect(reason.contains("not one of the public internet"))
    }

    @Test func `one connection serves one notification after another`() async throws {
        let ports = Mutex<Set<Int>>([])
        let server = try await LoopbackServer { _ in .init(status: .ok, body: "thanks") }
        let web = OutboundWeb(allowsPrivateAddresses: true)
        for _ in 0..<5 {
            let result = try await HTTPNotificationSender(web).send(request(server.url))
            #expect(result == .delivered)
        }
        var requests = server.requests.makeAsyncIterator()
        for _ in 0..<5 {
            let request = try #require(await requests.next())
            _ = ports.withLock { $0.insert(request.peerPort) }
        }
        #expect(ports.withLock { $0.count } == 1)
        try await web.shutdown()
        try await server.close()
    }

    @Test func `a connection that the receiver closed meanwhile is replaced at once`() async throws
    {
        let server = try await LoopbackServer { _ in
            .init(status: .ok, headers: ["X-Then": "close"])
        }
        let web = OutboundWeb(allowsPrivateAddresses: true)
        for _ in 0..<5 {
            #expect(try await patiently(HTTPNotificationSender(web), server.url) == .delivered)
        }
        try await web.shutdown()
        try await server.close()
    }

    /// Sends again if the connection was not made in time, as on a busy machine, but not if it was
    /// lost.
    private func patiently(
        _ sender: HTTPNotificationSender,
        _ url: String
    ) async throws -> DeliveryResult {
        let late = ["The receiver did not answer in time.", "The receiver cannot be reached."]
        for _ in 0..<5 {
            let result = try await sender.send(request(url))
            guard case .failed(let reason) = result, late.contains(reason) else { return result }
        }
        return try await sender.send(request(url))
    }

    @Test func `a receiver that sends nothing fails in time`() async throws {
        let silent = try Listener()
        let url = "http://127.0.0.1:\(silent.port)/"
        // A machine that is busy with other tests may not connect in time.
        var results: [DeliveryResult] = []
        for _ in 0..<5 where results.last != .failed("The receiver did not answer in time.") {
            results.append(try await send(to: url, timeoutMilliseconds: 3_000))
        }
        #expect(results.last == .failed("The receiver did not answer in time."), "\(results)")
        withExtendedLifetime(silent) {}
    }

    @Test func `an unreachable receiver fails`() async throws {
        let port = try MosquittoBroker.freePort()
        #expect(
            try await send(to: "http://127.0.0.1:\(port)/")
                == .failed("The receiver cannot be reached.")
        )
    }
}
