internal import Foundation
internal import Glibc

/// A connection that sends raw bytes, valid or not.
package struct Wire: ~Copyable {
    private let descriptor: Int32

    /// Receiving gives up after `patienceMilliseconds`.
    ///
    /// `source` is an address of this machine. `receiveBytes` limits the bytes that the system
    /// buffers until they are received; the system chooses without it.
    package init(
        toPort port: Int,
        from source: String = "127.0.0.1",
        receiveBytes: Int32? = nil,
        patienceMilliseconds: Int = 60_000
    ) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        try POSIXError.check(descriptor)
        var patience = timeval(
            tv_sec: patienceMilliseconds / 1_000,
            tv_usec: patienceMilliseconds % 1_000 * 1_000
        )
        let size = socklen_t(MemoryLayout<timeval>.size)
        try POSIXError.check(setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size))
        if var bytes = receiveBytes {
            let size = socklen_t(MemoryLayout<Int32>.size)
            try POSIXError.check(setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, size))
        }
        let bound = Self.withAddress(source, port: 0) { bind(descriptor, $0, $1) }
        try POSIXError.check(bound)
        let connected = Self.withAddress("127.0.0.1", port: port) { connect(descriptor, $0, $1) }
        try POSIXError.check(connected)
    }

    private static func withAddress(
        _ host: String,
        port: Int,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr(host)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    deinit { close(descriptor) }

    /// Sends as much as the other side accepts.
    package func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Ends the sending side of the connection.
    package func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The next bytes that the other side sends; nil if it sends none in time or has closed.
    package func receiveSome() -> String? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    /// All bytes that the other side sends until it closes; nil if it does not close in time.
    package func receiveAll() -> String? {
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 { answer += buffer[..<count] }
            if count == 0 || (count < 0 && errno == ECONNRESET) {
                return String(decoding: answer, as: UTF8.self)
            }
            if count < 0 { return nil }
        }
    }

    /// Sends bytes on a new connection and returns all bytes received until the other side closes;
    /// nil if it does not close.
    ///
    /// It uses its own thread, because a connection blocks.
    package static func exchange(
        _ bytes: [UInt8],
        withPort port: Int,
        finishes: Bool = false,
        patienceMilliseconds: Int = 60_000
    ) async -> String? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let wire = try? Wire(toPort: port, patienceMilliseconds: patienceMilliseconds)
                guard let wire else { return continuation.resume(returning: nil) }
                wire.send(bytes)
                if finishes { wire.finishSending() }
                continuation.resume(returning: wire.receiveAll())
            }
        }
    }

    /// Sends bytes on a new connection and discards the bytes received until the other side
    /// closes.
    package static func drain(_ bytes: [UInt8], withPort port: Int) async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                if let wire = try? Wire(toPort: port) {
                    wire.send(bytes)
                    withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 1) { buffer in
                        while recv(wire.descriptor, buffer.baseAddress, buffer.count, 0) > 0 {}
                    }
                }
                continuation.resume()
            }
        }
    }

    /// Sends bytes on a new connection and receives nothing until the other side closes or the
    /// time is over.
    package static func neglect(
        _ bytes: [UInt8],
        from source: String = "127.0.0.1",
        withPort port: Int,
        forMilliseconds milliseconds: Int
    ) async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                if let wire = try? Wire(toPort: port, from: source) {
                    wire.send(bytes)
                    var state = pollfd(fd: wire.descriptor, events: 0, revents: 0)
                    poll(&state, 1, Int32(milliseconds))
                }
                continuation.resume()
            }
        }
    }

    /// Sends the parts, each after a response to the previous one, and returns the responses; the
    /// last one has all bytes until the other side closes.
    package static func converse(_ parts: [[UInt8]], withPort port: Int) async -> [String] {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                guard let wire = try? Wire(toPort: port) else {
                    return continuation.resume(returning: [])
                }
                var answers: [String] = []
                for (number, part) in parts.enumerated() {
                    wire.send(part)
                    let isLast = number == parts.count - 1
                    answers.append((isLast ? wire.receiveAll() : wire.receiveSome()) ?? "")
                }
                continuation.resume(returning: answers)
            }
        }
    }
}
