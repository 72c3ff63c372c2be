import Dispatch
import Glibc

/// Sends bytes as they are, as a client might that knows no manners.
enum RawClient {
    /// Everything the server answers until it closes the connection; nil when it does not within
    /// `patienceSeconds`.
    static func exchange(
        port: Int,
        sending text: String,
        patienceSeconds: Int = 20
    ) async -> String? {
        await withCheckedContinuation { continuation in
            // A thread of its own: the server under test needs those of the language.
            DispatchQueue.global().async {
                continuation.resume(
                    returning: blockingExchange(port, Array(text.utf8), patienceSeconds)
                )
            }
        }
    }

    private static func blockingExchange(
        _ port: Int,
        _ bytes: [UInt8],
        _ patienceSeconds: Int
    ) -> String? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var patience = timeval(tv_sec: patienceSeconds, tv_usec: 0)
        setsockopt(
            descriptor,
            SOL_SOCKET,
            SO_RCVTIMEO,
            &patience,
            socklen_t(MemoryLayout<timeval>.size)
        )
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return nil }
        send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
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
