import Dispatch
import Foundation
import Glibc
import Synchronization

/// A process from its start to its end, watched by its own thread.
final class Life: Sendable {
    private struct State {
        var ending: ChildProcess.Ending?
        var waiting: [CheckedContinuation<ChildProcess.Ending, Never>] = []
    }

    let id: pid_t
    private let watch: Watch

    /// The state that the thread holds; it does not hold the process itself.
    private final class Watch: Sendable {
        let start = Mutex<Result<pid_t, any Error>?>(nil)
        let hasStarted = DispatchSemaphore(value: 0)
        let state = Mutex(State())
        let hasEnded = NSCondition()

        func waitForEnd(of id: pid_t) {
            var status: Int32 = 0
            while waitpid(id, &status, 0) < 0, errno == EINTR {}
            let signal = status & 0x7F
            let ending: ChildProcess.Ending =
                signal == 0 ? .exited(status >> 8 & 0xFF) : .killed(by: signal)
            let waiting = state.withLock { state in
                state.ending = ending
                defer { state.waiting = [] }
                return state.waiting
            }
            hasEnded.lock()
            hasEnded.broadcast()
            hasEnded.unlock()
            for continuation in waiting { continuation.resume(returning: ending) }
        }
    }

    /// Returns when `spawn` has started the process, on a thread that stays until it ends.
    init(_ spawn: @escaping @Sendable () throws -> pid_t) throws {
        let watch = Watch()
        Thread.detachNewThread {
            let start = Result { try spawn() }
            watch.start.withLock { $0 = start }
            watch.hasStarted.signal()
            if case .success(let id) = start { watch.waitForEnd(of: id) }
        }
        watch.hasStarted.wait()
        guard let start = watch.start.withLock({ $0 }) else { throw POSIXError(.EIO) }
        id = try start.get()
        self.watch = watch
    }

    func send(_ signal: Int32) {
        // Under the lock, so that the number is still that of this process.
        watch.state.withLock { if $0.ending == nil { kill(id, signal) } }
    }

    func ended() async -> ChildProcess.Ending {
        await withCheckedContinuation { continuation in
            let ending = watch.state.withLock { state in
                if state.ending == nil { state.waiting.append(continuation) }
                return state.ending
            }
            if let ending { continuation.resume(returning: ending) }
        }
    }

    func waitUntilEnded() -> ChildProcess.Ending {
        watch.hasEnded.lock()
        defer { watch.hasEnded.unlock() }
        while true {
            if let ending = watch.state.withLock(\.ending) { return ending }
            watch.hasEnded.wait()
        }
    }
}
