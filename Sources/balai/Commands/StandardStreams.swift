import Foundation
import Glibc

/// The error of a write to standard output.
struct OutputError: Error {
    let number: Int32

    /// Whether the reader has ended, as `head` does when it has enough.
    var isClosed: Bool { number == EPIPE }
    /// A sentence for standard error.
    var description: String {
        "The output cannot be written: \(String(cString: strerror(number)))."
    }
}

/// Writes to standard output; a failure is an error and not a crash.
enum StandardOutput {
    static func write(_ text: String) throws(OutputError) { try write(Array(text.utf8)) }

    static func line(_ text: String) throws(OutputError) { try write(text + "\n") }

    static func write(_ bytes: some Collection<UInt8>) throws(OutputError) {
        if let number = Descriptor.write(Array(bytes), to: STDOUT_FILENO) {
            throw OutputError(number: number)
        }
    }
}

/// Writes to standard error; a failure is ignored, because it cannot be reported.
enum StandardError {
    static func write(_ text: String) {
        _ = Descriptor.write(Array(text.utf8), to: STDERR_FILENO)
    }
}

private enum Descriptor {
    /// Writes all bytes; returns the number of the error, if there is one.
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // The terminal or pipe does not block, so the wait is here.
                var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&room, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }
}
