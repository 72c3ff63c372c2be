package import Governance
package import Hummingbird
package import Logging
import NIOCore

/// The context of a request for its handler.
package struct GatewayContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The caller, with purpose and tenant; set before any handler runs.
    package var caller: Caller
    /// Logs a denial in the handler's answer; set before any handler runs.
    var denials: DenialLog?
    /// The limit for long answers; set before any handler runs.
    var answers: BodyMemory?
    /// Whether the request would still have the same caller; set for routes whose answers go on.
    var isStillCaller: (@Sendable () async -> Bool)?
    /// The executor that runs the handler on the event loop of the connection, if there is one.
    var executor: LoopExecutor?
    private let channel: any Channel
    private let requestID = RequestID()
    private let hubLogger: Logger

    /// The name of the request in the log.
    package var id: String { requestID.description }

    /// A logger that adds the identifier of the request to each line.
    ///
    /// It is created on each use, because most requests log nothing.
    package var logger: Logger {
        var logger = hubLogger
        logger[metadataKey: "hb.request.id"] = .stringConvertible(requestID)
        return logger
    }

    /// Whether each request is logged.
    var logsRequests: Bool { hubLogger.logLevel <= .debug }

    /// The event loop of the connection.
    var loop: any EventLoop { channel.eventLoop }

    /// The address of the client; nil when it is not an Internet address.
    var address: AddressBlock? { channel.remoteAddress.flatMap { AddressBlock($0) } }

    /// The certificate that the client has shown; nil when it showed none, or the connection has no TLS.
    func certificate() async throws -> PeerCertificate? {
        try await channel.pipeline.handler(type: PeerCertificateHandler.self).get().certificate
    }

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        caller = Caller(party: .anonymous)
        channel = source.channel
        hubLogger = source.logger
    }
}

extension AddressBlock {
    /// Returns nil for an address that is not an Internet address.
    fileprivate init?(_ address: SocketAddress) {
        // The position of the address in `sockaddr_in` and `sockaddr_in6`.
        let place: Range<Int>
        switch address {
        case .v4: place = 4..<8
        case .v6: place = 8..<24
        case .unixDomainSocket: return nil
        }
        let block = address.withSockAddr { start, count in
            AddressBlock(bytes: UnsafeRawBufferPointer(start: start, count: count)[place])
        }
        guard let block else { return nil }
        self = block
    }
}
