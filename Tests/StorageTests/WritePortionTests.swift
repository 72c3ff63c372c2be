import ContextModel
import Synchronization
import Testing

@testable import Storage

@Suite struct WritePortionTests {
    /// The number of elements in one portion when each takes ten milliseconds.
    private func elements(whileOthersWait othersWait: @escaping @Sendable (Int) -> Bool) -> Int {
        let calls = Mutex<Int64>(0)
        let count = Mutex(0)
        var portion = WritePortion(
            {
                Timestamp(
                    microseconds: calls.withLock {
                        $0 += 1; return $0 * 10_000
                    }
                )
            },
            othersWait: { othersWait(count.withLock { $0 }) }
        )
        while portion.takesOneMore() { count.withLock { $0 += 1 } }
        return count.withLock { $0 }
    }

    @Test func `a portion ends after 25 milliseconds when others wait`() {
        #expect(elements { _ in true } == 3)
    }

    @Test func `a portion continues while nobody waits, up to its limit`() {
        #expect(elements { _ in false } == WritePortion.maximumElements)
    }

    @Test func `a portion that continued ends as soon as others wait`() {
        #expect(elements { $0 >= 40 } == 40)
    }
}
