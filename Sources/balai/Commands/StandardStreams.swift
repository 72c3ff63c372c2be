import Foundation
import Glibc

/// Why standard output took no more.
struct OutputError: Error {
    let number: Int32

    /// Whoever read it has gone, as `head` does when it has enough.
    var isClosed: Bool { number == EPIPE }
    /// A sentence for standard error.
    var description: String {
        "The output cannot be written: \(String(cString: strerror(number)))."
    }
}

/// Writes to standard output; what it takes no more is told by an error and not by a crash.
enum StandardOutput {
    static func write(_ text: String) throws(OutputError) { try write(Array(text.utf8)) }

    static func line(_ text: String) throws(OutputError) { try write(text + "\n") }

    static func write(_ bytes: some Collection<UInt8>) throws(OutputError) {
        if let number = Descriptor.write(Array(bytes), to: STDOUT_FILENO) {
            throw OutputError(number: number)
        }
    }
}

/// Writes to standard error, as far as it takes anything: there is nowhere to complain about it.
enum StandardError {
    static func write(_ text: String) {
        _ = Descriptor.write(Array(text.utf8), to: STDERR_FILENO)
    }
}

private enum Descriptor {
    /// Writes all of the bytes, or answers the number of the error.
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // Somebody made the terminal or pipe one that does not wait: wait for it here.
                var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&room, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }
}
