import Governance
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import Gateway

/// The order of tasks on a loop.
@Suite struct LoopTurnsTests {
    private final class Order: Sendable {
        private let names = Mutex<[String]>([])

        func note(_ name: String) { names.withLock { $0.append(name) } }

        var all: [String] { names.withLock { $0 } }
    }

    private let loop = EmbeddedEventLoop()
    private let order = Order()

    private func sharer(_ name: String) -> Sharer { Sharer(.named(PartyID(name))) }

    /// A connection whose last request was the party's.
    private func connection(of name: String, _ turns: LoopTurns) -> LoopExecutor {
        let executor = LoopExecutor(turns)
        Task(executorPreference: executor) { [sharer = sharer(name)] in await executor.serve(sharer)
        }
        loop.run()
        return executor
    }

    private func ask(_ name: String, on executor: LoopExecutor, forMilliseconds time: Int = 2) {
        Task(executorPreference: executor) { [order] in
            Self.pass(milliseconds: time)
            order.note(name)
        }
    }

    private static func pass(milliseconds: Int) {
        let end = ContinuousClock.now + .milliseconds(milliseconds)
        while .now < end {}
    }

    @Test func `a party with many requests makes others wait only for a moment`() {
        let turns = LoopTurns(loop)
        let many = (0..<40).map { _ in connection(of: "greedy", turns) }
        let other = connection(of: "other", turns)
        turns.restartCount()
        for connection in many { ask("greedy", on: connection) }
        ask("other", on: other)
        loop.run()
        #expect(turns.isCrowded)
        loop.advanceTime(by: .seconds(1))
        #expect(order.all.count == 41)
        // It waits until the loop looks at its connections again.
        #expect(order.all.firstIndex(of: "other").map { $0 <= 6 } == true, "\(order.all)")
        #expect(!turns.isCrowded)
    }

    @Test func `the first request of a connection waits for its party's turn`() {
        let turns = LoopTurns(loop)
        let many = (0..<40).map { _ in connection(of: "greedy", turns) }
        let new = LoopExecutor(turns)
        turns.restartCount()
        for connection in many { ask("greedy", on: connection) }
        Task(executorPreference: new) { [order, sharer = sharer("other")] in
            await new.serve(sharer)
            order.note("other")
        }
        loop.run()
        loop.advanceTime(by: .seconds(1))
        #expect(order.all.count == 41)
        // It waits twice: before its party is known, and then for its party's turn.
        #expect(order.all.firstIndex(of: "other").map { $0 <= 12 } == true, "\(order.all)")
    }

    /// For example for a commit, which does not hold up others.
    @Test func `time that a task waits does not count`() {
        let turns = LoopTurns(loop)
        let one = connection(of: "one", turns)
        turns.restartCount()
        ask("first", on: one, forMilliseconds: 1)
        loop.run()
        Self.pass(milliseconds: 15)
        ask("second", on: one, forMilliseconds: 1)
        loop.run()
        #expect(order.all == ["first", "second"])
        #expect(!turns.isCrowded)
    }

    @Test func `requests of one party are answered in their order`() {
        let turns = LoopTurns(loop)
        let connections = (0..<8).map { _ in connection(of: "one", turns) }
        turns.restartCount()
        for (number, connection) in connections.enumerated() { ask("\(number)", on: connection) }
        loop.run()
        loop.advanceTime(by: .seconds(1))
        #expect(order.all == (0..<8).map(String.init))
    }
}
