import Glibc

/// Where a server of this machine listens.
struct Address {
    let port: UInt16

    /// Of a line such as `ready http://127.0.0.1:4711` or `ready 38 cities from http://127.0.0.1:4711`.
    init?(readyLine: String) {
        guard readyLine.hasPrefix("ready "), readyLine.contains("http://"),
            let text = readyLine.split(separator: ":").last, let port = UInt16(text)
        else { return nil }
        self.port = port
    }

    init(port: UInt16) { self.port = port }

    /// Calls `body` with the form that system calls want.
    func withSocketAddress<T>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> T
    ) rethrows -> T {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return try withUnsafePointer(to: &address) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { try body($0, length) }
        }
    }
}

/// One keep-alive connection to a server: a request at a time.
final class Client: Pollable {
    let socket: Int32
    private var reader = MessageReader()
    /// Called with each answer as it arrives.
    var onAnswer: (Message) throws -> Void = { _ in }

    init(to address: Address) throws {
        socket = try Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0).orThrow("socket")
        do {
            try address.withSocketAddress {
                _ = try connect(socket, $0, $1).orThrow("connect to port \(address.port)")
            }
        } catch {
            close(socket)
            throw error
        }
        var on: Int32 = 1
        setsockopt(
            socket,
            Int32(IPPROTO_TCP),
            TCP_NODELAY,
            &on,
            socklen_t(MemoryLayout<Int32>.size)
        )
    }

    deinit { close(socket) }

    /// Sends a request; waits only while the socket's buffer is full.
    func send(_ request: [UInt8]) throws { try socket.sendAll(request) }

    func wake() throws {
        guard try reader.receive(from: socket) else {
            throw BenchmarkError("the server closed a connection while an answer was due")
        }
        guard let message = try reader.message() else { return }
        // Copies nothing: the bytes are looked at before the next request may overwrite them.
        defer { reader.reset() }
        try onAnswer(message)
    }

    /// One request and its answer, outside any measurement.
    func exchange<T>(_ request: [UInt8], _ look: (Message) throws -> T) throws -> T {
        try send(request)
        while true {
            var waiting = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, Self.patienceMilliseconds) > 0 else {
                throw BenchmarkError("no answer within \(Self.patienceMilliseconds / 1000) s")
            }
            guard try reader.receive(from: socket) else {
                throw BenchmarkError("the server closed a connection while an answer was due")
            }
            guard let message = try reader.message() else { continue }
            defer { reader.reset() }
            return try look(message)
        }
    }

    private static let patienceMilliseconds: Int32 = 60_000
}

extension Int32 {
    /// This socket takes all the bytes.
    func sendAll(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { buffer in
            var sent = 0
            while sent < buffer.count, let base = buffer.baseAddress {
                let count = Glibc.send(
                    self,
                    base + sent,
                    buffer.count - sent,
                    Int32(MSG_NOSIGNAL)
                )
                if count < 0, errno == EINTR { continue }
                sent += try count.orThrow("send")
            }
        }
    }
}
