import Glibc

/// Something with a socket that the poller wakes.
protocol Pollable: AnyObject {
    var socket: Int32 { get }

    /// There is something to read, or the other side has gone.
    func wake() throws
}

/// The sockets that are waited for together; everything here runs on one thread, so that the tool
/// takes as little as possible of the processors it shares with the server.
final class Poller {
    /// In the same order.
    private var watched: [any Pollable] = []
    private var waiting: [pollfd] = []

    func watch(_ item: any Pollable) {
        watched.append(item)
        waiting.append(pollfd(fd: item.socket, events: Int16(POLLIN), revents: 0))
    }

    func forget(_ item: any Pollable) {
        guard let index = watched.firstIndex(where: { $0 === item }) else { return }
        watched.remove(at: index)
        waiting.remove(at: index)
    }

    /// Waits until something can be read, at most so long, and wakes whose it is.
    func turn(waitMilliseconds: Int32) throws {
        guard poll(&waiting, nfds_t(waiting.count), waitMilliseconds) > 0 else { return }
        // Who is woken may watch or forget others.
        let ready = zip(watched, waiting).filter { $1.revents != 0 }.map(\.0)
        for item in ready { try item.wake() }
    }
}

/// Why a measurement could not be made.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension FixedWidthInteger {
    /// The result of a system call, or what went wrong with it.
    func orThrow(_ call: String) throws -> Self {
        guard self >= 0 else {
            throw BenchmarkError("\(call): \(String(cString: strerror(errno)))")
        }
        return self
    }
}

/// Seconds of a clock that only goes forward.
func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
