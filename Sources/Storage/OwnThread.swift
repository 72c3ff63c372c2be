#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// A thread of its own for what may take long.
///
/// Dispatch has as many threads as the machine has processors, and the tasks of the language run on
/// the same: work that keeps them busy would let nobody else do anything. The system shares its
/// processors out among threads.
package enum OwnThread {
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs the body on a new thread; false when the system has none.
    package static func run(_ body: @escaping @Sendable () -> Void) -> Bool {
        let work = Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread,
            nil,
            { work in
                if let work { Unmanaged<Work>.fromOpaque(work).takeRetainedValue().body() }
                return nil
            },
            work.toOpaque()
        )
        guard code == 0 else {
            work.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}
