import Synchronization
import Testing

@testable import Broker

@Suite struct TurnsTests {
    private struct Failure: Error {}
    private final class Work: Sendable {
        private let running = Atomic(0)
        private let done = Atomic(0)

        var count: Int { done.load(ordering: .relaxed) }

        func run(_ number: Int) async throws {
            #expect(running.add(1, ordering: .relaxed).newValue == 1)
            await Task.yield()
            running.subtract(1, ordering: .relaxed)
            if number % 5 == 0 { throw Failure() }
            done.add(1, ordering: .relaxed)
        }
    }

    @Test func `turns do not overlap, and continue after a failure`() async throws {
        let (turns, work) = (Turns(), Work())
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<50 {
                group.addTask {
                    do {
                        try await turns.take { try await work.run(number) }
                        #expect(number % 5 != 0)
                    } catch {
                        #expect(error is Failure && number % 5 == 0)
                    }
                }
            }
        }
        #expect(work.count == 40)
    }
}
