import Testing

@testable import StorageSQLite

@Suite struct CommitPaceTests {
    private func pace(_ requests: Int, leaving waiting: Int, milliseconds: Int) -> CommitPace {
        let pace = CommitPace()
        pace.committed(requests, leaving: waiting, took: .milliseconds(milliseconds))
        return pace
    }

    @Test func `a commit does not wait at first, nor for a few callers`() {
        #expect(CommitPace().wait(gathered: 1, elapsed: .zero) == nil)
        #expect(pace(1, leaving: 0, milliseconds: 3).wait(gathered: 0, elapsed: .zero) == nil)
        #expect(pace(4, leaving: 3, milliseconds: 3).wait(gathered: 1, elapsed: .zero) == nil)
    }

    @Test func `a commit waits for the callers answered last, half of them at a time`() throws {
        let pace = pace(16, leaving: 16, milliseconds: 3)
        let first = try #require(pace.wait(gathered: 16, elapsed: .milliseconds(1)))
        #expect(first.requests == 8)
        #expect(first.duration == .milliseconds(2))
        #expect(pace.wait(gathered: 30, elapsed: .zero)?.requests == 2)
        #expect(pace.wait(gathered: 32, elapsed: .zero) == nil)
    }

    @Test func `a commit waits no longer than the last one took, and never long`() {
        let quick = pace(32, leaving: 0, milliseconds: 1)
        #expect(quick.wait(gathered: 1, elapsed: .milliseconds(1)) == nil)
        let slow = pace(32, leaving: 0, milliseconds: 500)
        #expect(slow.wait(gathered: 1, elapsed: .zero)?.duration == Limits.gathering)
    }

    @Test func `a commit waits for no more requests than fit into a transaction`() {
        let pace = pace(256, leaving: 4_000, milliseconds: 3)
        #expect(pace.wait(gathered: 256, elapsed: .zero) == nil)
    }
}
