internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Threads for what may take long.
///
/// Dispatch has as many threads as the machine has processors, and the tasks of the language run on
/// the same: work that keeps them busy would let nobody else do anything. The system shares its
/// processors out among threads.
package enum OwnThread {
    /// Threads that have done their work; the one that ended last is used first.
    private static let idle = Mutex<[WorkThread]>([])

    /// Runs the body on a thread that has nothing else to do; false when the system has none.
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

    /// Whether the thread may end, because nobody has chosen it for new work.
    fileprivate static func mayEnd(_ thread: WorkThread) -> Bool {
        idle.withLock { idle in
            guard let place = idle.firstIndex(where: { $0 === thread }) else { return false }
            idle.remove(at: place)
            return true
        }
    }
}

/// A thread that does one piece of work after the other, and ends when there has been none for a
/// while.
private final class WorkThread: Sendable {
    /// To make a thread takes about as long as a short query; to keep one takes its stack.
    private static let patience = DispatchTimeInterval.seconds(1)

    private let work: Mutex<(@Sendable () -> Void)?>
    private let arrival = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () -> Void) { work = Mutex(body) }

    func give(_ body: @escaping @Sendable () -> Void) {
        work.withLock { $0 = body }
        arrival.signal()
    }

    /// False when the system has no thread.
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
