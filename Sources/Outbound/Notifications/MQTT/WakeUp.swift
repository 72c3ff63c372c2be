import Glibc

/// Waits for a socket, and can be woken from another thread through a pipe.
final class WakeUp: Sendable {
    private let reading: Int32
    private let writing: Int32

    /// Returns nil when the process has no file descriptors left.
    init?() {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        close(reading)
        close(writing)
    }

    /// Ends the present wait, or the next one.
    func ring() {
        // When the pipe is full, the wait ends anyway.
        _ = withUnsafeBytes(of: UInt8(1)) { write(writing, $0.baseAddress, 1) }
    }

    /// Returns when the socket is ready, `ring` was called, or the time is over.
    func wait(
        for socket: Int32,
        wantsToWrite: Bool,
        milliseconds: Int32
    ) -> (canRead: Bool, canWrite: Bool) {
        let events = Int16(POLLIN) | (wantsToWrite ? Int16(POLLOUT) : 0)
        var entries = [
            pollfd(fd: reading, events: Int16(POLLIN), revents: 0),
            pollfd(fd: socket, events: events, revents: 0),
        ]
        _ = poll(&entries, 2, milliseconds)
        if entries[0].revents != 0 { drain() }
        let isBroken = entries[1].revents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0
        return (
            entries[1].revents & Int16(POLLIN) != 0 || isBroken,
            entries[1].revents & Int16(POLLOUT) != 0
        )
    }

    private func drain() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(reading, &bytes, bytes.count) == bytes.count {}
    }
}
