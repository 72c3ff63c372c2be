import AsyncHTTPClient
import Governance
import NIOCore
import NIOHTTP1

/// The one HTTP client of the hub, and the rules it goes out by.
package final class OutboundWeb: Sendable {
    static let userAgent = "Balai"
    private static let connectTimeout = TimeAmount.seconds(5)
    private static let idleTimeout = TimeAmount.seconds(30)
    /// Connections to one host at most, as many as there are notifications under way: a request that
    /// waited for one of another party's would wait for that party.
    private static let maximumConnectionsPerHost = 1_024

    let client: HTTPClient
    /// For notifications over plain http, of which there are many.
    let posts = PostClient()
    let guardian: AddressGuard

    package init(allowsPrivateAddresses: Bool) {
        var configuration = HTTPClient.Configuration()
        // Redirects are followed by those who check each address first, and by nobody else.
        configuration.redirectConfiguration = .disallow
        configuration.timeout = .init(connect: Self.connectTimeout)
        configuration.connectionPool = .init(
            idleTimeout: Self.idleTimeout,
            concurrentHTTP1ConnectionsPerHostSoftLimit: Self.maximumConnectionsPerHost
        )
        // When to try again is for those who asked: a connection that comes about later would carry
        // what nobody wants sent any more.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.decompression = .disabled
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        guardian = AddressGuard(allowsPrivate: allowsPrivateAddresses)
    }

    /// Closes all connections: to be called once, when nothing goes out any more.
    package func shutdown() async throws {
        posts.shutdown()
        try await client.shutdown()
    }

    /// A request to the URL, bound to the address that was checked.
    func request(_ url: String, for sharer: Sharer) async throws -> HTTPClientRequest {
        let target = try await guardian.target(of: url, for: sharer)
        var request = HTTPClientRequest(url: target.url)
        if let host = target.host { request.headers.replaceOrAdd(name: "Host", value: host) }
        request.headers.replaceOrAdd(name: "User-Agent", value: Self.userAgent)
        return request
    }
}
