package import Governance
package import Hummingbird
package import Logging
import NIOCore

/// What a handler knows about a request besides the request itself.
package struct GatewayContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// Who asks, why, and of which tenant: set before any handler runs.
    package var caller: Caller
    /// Is told of what the answer of a handler denies; set before any handler runs.
    var denials: DenialLog?
    /// The room of long answers; set before any handler runs.
    var answers: BodyRoom?
    /// What runs its handler on the loop of its connection, if that does.
    var executor: LoopExecutor?
    private let channel: any Channel
    private let requestID = RequestID()
    private let hubLogger: Logger

    /// What the log calls the request.
    package var id: String { requestID.description }

    /// A logger that adds the identifier of the request to each line.
    ///
    /// It is created on each use, because most requests log nothing.
    package var logger: Logger {
        var logger = hubLogger
        logger[metadataKey: "hb.request.id"] = .stringConvertible(requestID)
        return logger
    }

    /// Whether the log tells of each request.
    var logsRequests: Bool { hubLogger.logLevel <= .debug }

    /// Where the bytes of the connection come and go.
    var loop: any EventLoop { channel.eventLoop }

    /// Where the other end of the connection is; nil for what is no address of the internet.
    var address: AddressBlock? { channel.remoteAddress.flatMap { AddressBlock($0) } }

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        caller = Caller(party: .anonymous)
        channel = source.channel
        hubLogger = source.logger
    }
}

extension AddressBlock {
    /// nil for what is no address of the internet.
    fileprivate init?(_ address: SocketAddress) {
        // Where the address lies in `sockaddr_in` and `sockaddr_in6`.
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
