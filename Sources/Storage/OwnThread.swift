internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Threads for work that may take long.
///
/// Swift's tasks and Dispatch share as many threads as the machine has processors. Long work on
/// these threads would hold up everything else. On threads of its own it shares the processors
/// with the others, as the operating system decides.
package enum OwnThread {
    /// Threads without work; the one that finished last is used first.
    private static let idle = Mutex<[WorkThread]>([])

    /// Runs `body` on a thread that has no other work; false when the system cannot create one.
    package static func run(_ body: @escaping @Sendable () -> Void) -> Bool {
        if let thread = idle.withLock({ $0.popLast() }) {
            thread.give(body)
            return true
        }
        return WorkThread(body).start()
    }

    fileprivate static func wait(_ thread: WorkThread) {
        idle.withLock { $0.append(thread) }
    }

    /// Whether the thread may end: nobody has taken it for new work.
    fileprivate static func mayEnd(_ thread: WorkThread) -> Bool {
        idle.withLock { idle in
            guard let place = idle.firstIndex(where: { $0 === thread }) else { return false }
            idle.remove(at: place)
            return true
        }
    }
}

/// A thread that runs one body after the other, and ends after it has had no work for a while.
private final class WorkThread: Sendable {
    /// How long a thread waits for work.
    ///
    /// Creating one takes about as long as a short query; keeping one takes the memory of its
    /// stack.
    private static let patience = DispatchTimeInterval.seconds(1)

    private let work: Mutex<(@Sendable () -> Void)?>
    private let arrival = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () -> Void) { work = Mutex(body) }

    func give(_ body: @escaping @Sendable () -> Void) {
        work.withLock { $0 = body }
        arrival.signal()
    }

    /// Starts the thread; false when the system cannot create one.
    func start() -> Bool {
        let me = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = pthread_create(
            &thread,
            nil,
            { me in
                if let me { Unmanaged<WorkThread>.fromOpaque(me).takeRetainedValue().run() }
                return nil
            },
            me.toOpaque()
        )
        guard code == 0 else {
            me.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private func run() {
        while let body = work.withLock({ $0.take() }) {
            body()
            OwnThread.wait(self)
            if arrival.wait(timeout: .now() + Self.patience) == .success { continue }
            if OwnThread.mayEnd(self) { return }
            arrival.wait()
        }
    }
}
