import Foundation
import Glibc
import NIOHTTP1
import Testing

/// A connection that sends bytes as they are, as a client might that knows no manners.
struct Wire: ~Copyable {
    private let descriptor: Int32

    /// Receiving gives up after `patienceMilliseconds`.
    init(to hub: RealHub, patienceMilliseconds: Int = 60_000) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        try POSIXError.check(descriptor)
        var patience = timeval(
            tv_sec: patienceMilliseconds / 1_000,
            tv_usec: patienceMilliseconds % 1_000 * 1_000
        )
        let size = socklen_t(MemoryLayout<timeval>.size)
        try POSIXError.check(setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(hub.port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try POSIXError.check(result)
    }

    deinit { close(descriptor) }

    /// Sends as much as the other side takes.
    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Says that nothing more comes.
    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Everything the other side sends until it closes; nil when it stays open and silent.
    func receiveAll() -> String? {
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
}

extension RealHub {
    /// Sends bytes on a connection of their own and takes everything that comes back until the hub
    /// closes it; nil when it does not.
    ///
    /// On a thread of its own, for a connection blocks.
    func exchange(_ bytes: [UInt8], finishes: Bool = false) async -> String? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                guard let wire = try? Wire(to: self) else {
                    return continuation.resume(returning: nil)
                }
                wire.send(bytes)
                if finishes { wire.finishSending() }
                continuation.resume(returning: wire.receiveAll())
            }
        }
    }

    /// Sends one request as it is written here, whatever is wrong with it, and takes the answer.
    func request(
        _ method: HTTPMethod,
        _ target: String,
        contentType: String? = nil,
        body: [UInt8]? = nil
    ) async throws -> HubAnswer {
        var head = "\(method.rawValue) \(target) HTTP/1.1\r\nHost: localhost\r\n"
        head += "Connection: close\r\n"
        if let contentType { head += "Content-Type: \(contentType)\r\n" }
        if let body { head += "Content-Length: \(body.count)\r\n" }
        let text = try #require(
            await exchange(Array("\(head)\r\n".utf8) + (body ?? [])),
            "\(method) \(target.prefix(200)) is not answered"
        )
        let answer = try #require(
            text.wholeMatch(
                of: /HTTP\/1\.1 (\d{3})[^\r]*\r\n(.*?)\r\n\r\n(.*)/.dotMatchesNewlines()
            ),
            "\(method) \(target.prefix(200)) is answered '\(text)': \(process.errors.suffix(2_000))"
        ).output
        return HubAnswer(
            status: Int(answer.1) ?? 0,
            headers: [:],
            body: Array(answer.3.utf8)
        )
    }
}
