import Dispatch
import Governance
import Synchronization
import Testing

@testable import Broker

@Suite struct LongWorkTests {
    private static let greedy = Sharer(.named(PartyID("greedy")))
    private static let modest = Sharer(.named(PartyID("modest")))

    private static func stranger(_ number: UInt8) -> Sharer {
        Sharer(.anonymous, at: AddressBlock(bytes: [203, 0, 113, number]))
    }

    /// Blocks the calling thread, as busy work does.
    private static func hold(_ gate: DispatchSemaphore) { gate.wait() }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [(2, greedy, modest), (4, stranger(1), stranger(2)), (4, stranger(1), modest)]
    )
    func `a sharer that uses its threads leaves one to others`(
        threads: Int,
        greedy: Sharer,
        modest: Sharer
    ) async throws {
        let work = LongWork(threads: threads)
        let gate = DispatchSemaphore(value: 0)
        let (started, onStart) = AsyncStream.makeStream(of: Void.self)
        async let held: Void = withDiscardingTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    await work.run(for: greedy) {
                        onStart.yield()
                        Self.hold(gate)
                    }
                }
            }
        }
        var starts = started.makeAsyncIterator()
        await starts.next()
        // The threads of tasks would not do: they are as few, and `greedy` used all of them.
        #expect(await work.run(for: modest) { 7 } == 7)
        for _ in 0..<4 { gate.signal() }
        await held
        #expect(work.sharerCount == 0)
    }

    @Test(.timeLimit(.minutes(1)))
    func `work that waits gives its thread to others of its party`() async throws {
        let work = LongWork(threads: 2)
        let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
        async let waiting = work.run(for: Self.greedy) { await stream.first { _ in true } }
        let sum = await work.run(for: Self.greedy) { 3 + 4 }
        continuation.yield(sum)
        #expect(await waiting == 7)
    }

    @Test func `work is long from the limit on`() {
        #expect(!LongWork.isLong(LongWork.leastBytes - 1))
        #expect(LongWork.isLong(LongWork.leastBytes))
    }

    @Test func `errors of long work reach its caller`() async throws {
        let work = LongWork()
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await work.run(for: Self.modest) { () throws(BrokerError) -> Int in
                throw BrokerError(.badRequestData, "no")
            }
        }
    }
}
