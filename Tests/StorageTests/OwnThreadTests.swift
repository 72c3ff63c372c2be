import Dispatch
import Glibc
import Storage
import Synchronization
import Testing

@Suite struct OwnThreadTests {
    /// The system's name of the current thread, such as `12/task/34`.
    private static var thisThread: String {
        var place = [CChar](repeating: 0, count: 64)
        let length = readlink("/proc/thread-self", &place, place.count)
        return String(
            decoding: place.prefix(max(0, length)).map(UInt8.init(bitPattern:)),
            as: UTF8.self
        )
    }

    /// The threads that ran this many bodies, one after the other.
    private func threads(_ count: Int) -> Set<String> {
        let names = Mutex<Set<String>>([])
        for _ in 0..<count {
            let done = DispatchSemaphore(value: 0)
            let isRunning = OwnThread.run {
                names.withLock { _ = $0.insert(Self.thisThread) }
                done.signal()
            }
            #expect(isRunning)
            done.wait()
        }
        return names.withLock { $0 }
    }

    @Test func `work that follows other work uses its thread`() {
        let threads = threads(200)
        #expect(threads.count < 100, "\(threads.count) threads for 200 pieces of work")
        #expect(!threads.contains(Self.thisThread))
    }

    @Test func `simultaneous work has separate threads`() {
        let (begun, end) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        for _ in 0..<20 {
            _ = OwnThread.run {
                begun.signal()
                end.wait()
            }
        }
        // Each has begun although none has ended.
        for _ in 0..<20 { #expect(begun.wait(timeout: .now() + 30) == .success) }
        for _ in 0..<20 { end.signal() }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a thread without work ends`() async throws {
        for thread in threads(1) {
            while access("/proc/\(thread)", F_OK) == 0 {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }
}
