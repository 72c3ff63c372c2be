package import AsyncHTTPClient
import Governance
package import NIOCore
import NIOHTTP1
import NIOSSL

/// The HTTP client of the hub, with the rules for its requests.
package final class OutboundWeb: Sendable {
    static let userAgent = "Balai"
    private static let connectTimeout = TimeAmount.seconds(5)
    private static let idleTimeout = TimeAmount.seconds(30)
    /// How long a server may send nothing while an answer of it is due.
    private static let readTimeout = TimeAmount.seconds(60)
    /// The most connections to one host: as many as notifications may be sent at once, so that no
    /// party waits for another party's connection.
    private static let maximumConnectionsPerHost = 1_024

    let client: HTTPClient
    /// The client for notifications over plain http, of which there are many.
    let posts = PostClient()
    let guardian: AddressGuard
    private let exchange: Exchange?

    /// Sends a request, and returns when the head of its answer is there.
    package typealias Exchange =
        @Sendable (HTTPClientRequest, NIODeadline) async throws -> HTTPClientResponse

    /// If there is an `exchange`, it gets the requests to other hubs and to context sources, and the network does not.
    package convenience init(allowsPrivateAddresses: Bool, exchange: Exchange? = nil) {
        self.init(allowsPrivateAddresses: allowsPrivateAddresses, tls: nil, exchange: exchange)
    }

    /// With another configuration of TLS than the usual one, for tests that have an authority of their own.
    init(allowsPrivateAddresses: Bool, tls: TLSConfiguration?, exchange: Exchange? = nil) {
        self.exchange = exchange
        var configuration = HTTPClient.Configuration()
        configuration.tlsConfiguration = tls
        // Redirects are followed only by callers that check each address first.
        configuration.redirectConfiguration = .disallow
        configuration.timeout = .init(connect: Self.connectTimeout, read: Self.readTimeout)
        configuration.connectionPool = .init(
            idleTimeout: Self.idleTimeout,
            concurrentHTTP1ConnectionsPerHostSoftLimit: Self.maximumConnectionsPerHost
        )
        // Callers decide about retries: a connection that is established later would send what
        // nobody wants to send any more.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.decompression = .disabled
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        guardian = AddressGuard(allowsPrivate: allowsPrivateAddresses)
    }

    /// Closes all connections: call it once, when nothing is sent any more.
    package func shutdown() async throws {
        posts.shutdown()
        try await client.shutdown()
    }

    /// Asks another hub or a context source.
    ///
    /// Throws what the client throws: where there is no connection, where it breaks, and after the deadline.
    func execute(
        _ request: HTTPClientRequest,
        deadline: NIODeadline
    ) async throws -> HTTPClientResponse {
        if let exchange { return try await exchange(request, deadline) }
        return try await client.execute(request, deadline: deadline)
    }

    /// An answer that is there as a whole.
    struct WholeAnswer: Sendable {
        var status: HTTPResponseStatus
        var headers: HTTPHeaders
        var body: ByteBuffer
    }

    /// Asks another hub, and waits for its whole answer of at most so many bytes.
    ///
    /// Throws `deadlineExceeded` at the deadline, also where the head of the answer came before it: the client's own
    /// deadline ends with the head.
    func answer(
        to request: HTTPClientRequest,
        before deadline: NIODeadline,
        atMost maximumBytes: Int
    ) async throws -> WholeAnswer {
        try await withThrowingTaskGroup(of: WholeAnswer?.self) { group in
            group.addTask {
                let response = try await self.execute(request, deadline: deadline)
                let body = try await response.body.collect(upTo: maximumBytes)
                return WholeAnswer(status: response.status, headers: response.headers, body: body)
            }
            group.addTask {
                let left = deadline - .now()
                try await Task.sleep(for: .nanoseconds(max(0, left.nanoseconds)))
                return nil
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() ?? nil else {
                throw HTTPClientError.deadlineExceeded
            }
            return answer
        }
    }

    /// A request to the URL, bound to the checked address.
    func request(_ url: String, for sharer: Sharer) async throws -> HTTPClientRequest {
        let target = try await guardian.target(of: url, for: sharer)
        var request = HTTPClientRequest(url: target.url)
        if let host = target.host { request.headers.replaceOrAdd(name: "Host", value: host) }
        request.headers.replaceOrAdd(name: "User-Agent", value: Self.userAgent)
        return request
    }
}
