import Glibc

/// Takes notifications like somebody's endpoint would: answers each with 200 and shows its body.
final class Receiver: Pollable {
    let socket: Int32
    let address: Address
    private let poller: Poller
    private var peers: [Int32: Peer] = [:]
    /// Called with the body of each notification.
    var onNotification: (UnsafeRawBufferPointer) -> Void = { _ in }

    init(_ poller: Poller) throws {
        self.poller = poller
        let listening = try Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0).orThrow("socket")
        socket = listening
        try Address(port: 0).withSocketAddress { _ = try bind(listening, $0, $1).orThrow("bind") }
        _ = try listen(listening, 128).orThrow("listen")
        var bound = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let named = withUnsafeMutablePointer(to: &bound) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(listening, $0, &length)
            }
        }
        _ = try named.orThrow("getsockname")
        address = Address(port: UInt16(bigEndian: bound.sin_port))
        poller.watch(self)
    }

    deinit { close(socket) }

    func wake() throws {
        let peer = Peer(socket: try accept(socket, nil, nil).orThrow("accept"), receiver: self)
        peers[peer.socket] = peer
        poller.watch(peer)
    }

    func stop() {
        peers.values.forEach(poller.forget)
        peers = [:]
        poller.forget(self)
    }

    private func leave(_ peer: Peer) {
        poller.forget(peer)
        peers[peer.socket] = nil
    }

    /// One connection that notifications come by.
    private final class Peer: Pollable {
        private static let thanks = Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8)

        let socket: Int32
        private unowned let receiver: Receiver
        private var reader = MessageReader()

        init(socket: Int32, receiver: Receiver) {
            self.socket = socket
            self.receiver = receiver
        }

        deinit { close(socket) }

        func wake() throws {
            guard try reader.receive(from: socket) else { return receiver.leave(self) }
            guard let message = try reader.message() else { return }
            receiver.onNotification(message.body)
            reader.reset()
            try socket.sendAll(Self.thanks)
        }
    }
}
