package import Governance
package import Hummingbird
import NIOCore

/// What a handler knows about a request besides the request itself.
package struct GatewayContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// Who asks, why, and of which tenant: set before any handler runs.
    package var caller: Caller
    /// Is told of what the answer of a handler denies; set before any handler runs.
    var denials: DenialLog?
    private let channel: any Channel

    /// Where the bytes of the connection come and go.
    var loop: any EventLoop { channel.eventLoop }

    /// Whose share counts what is held for the request.
    var sharer: Sharer {
        Sharer(caller.party, at: channel.remoteAddress.flatMap { AddressBlock($0) })
    }

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        caller = Caller(party: .anonymous)
        channel = source.channel
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
        let bytes = address.withSockAddr { Array(UnsafeRawBufferPointer(start: $0, count: $1)) }
        self.init(bytes: bytes[place])
    }
}
