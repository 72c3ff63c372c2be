import Broker
import NIOHTTP1
import Testing

@testable import Outbound

@Suite(.timeLimit(.minutes(1))) struct HTTPNotificationSenderTests {
    private func send(
        to url: String,
        allowsPrivate: Bool = true,
        timeoutMilliseconds: Double = 5_000
    ) async throws -> DeliveryResult {
        let web = OutboundWeb(allowsPrivateAddresses: allowsPrivate)
        let request = NotificationRequest(
            url: url,
            headers: [KeyValuePair(key: "Content-Type", value: "application/json")],
            body: Array("{}".utf8),
            timeoutMilliseconds: timeoutMilliseconds
        )
        let result = await HTTPNotificationSender(web).send(request)
        try await web.shutdown()
        return result
    }

    @Test(arguments: [200, 201, 204, 299])
    func `any success counts, and the receiver gets what was written`(status: Int) async throws {
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
    func `any other answer is a failure that says which`(status: Int) async throws {
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
        #expect(reason.contains("private network"))
    }
}
