import Governance
import Testing

/// Waiting for places that are shared out.
@Suite struct FairQueueTests {
    private func drain(_ queue: inout FairQueue<String, Int>) -> [Int] {
        var all: [Int] = []
        while let next = queue.popNext() { all.append(next.element) }
        return all
    }

    @Test func `each holder's elements are served in order, and the holder with least is first`() {
        var queue = FairQueue<String, Int>(places: 8)
        for number in 0..<10 { queue.append(number, of: "greedy") }
        for number in 100..<102 { queue.append(number, of: "other") }
        #expect(drain(&queue) == [0, 100, 1, 101, 2])
        #expect(queue.count(of: "greedy") == 7)
        queue.giveBack("greedy")
        #expect(drain(&queue) == [3])
        queue.append(102, of: "other")
        #expect(drain(&queue) == [102])
    }

    @Test func `holders with equal numbers take turns`() {
        var queue = FairQueue<String, Int>(places: 1)
        for number in 0..<3 {
            queue.append(number, of: "a")
            queue.append(number + 10, of: "b")
        }
        var order: [Int] = []
        while let next = queue.popNext() {
            order.append(next.element)
            queue.giveBack(next.holder)
        }
        #expect(order == [0, 10, 1, 11, 2, 12])
        #expect(queue.isEmpty)
    }

    @Test func `elements that wait no longer are removed from each holder's front`() {
        var queue = FairQueue<String, Int>(places: 4)
        for number in 0..<6 { queue.append(number, of: number < 4 ? "a" : "b") }
        #expect(Set(queue.removeFirst { $0 < 2 || $0 > 3 }) == [0, 1, 4, 5])
        #expect(queue.count(of: "b") == 0)
        #expect(drain(&queue) == [2, 3])
        #expect(queue.isEmpty)
    }

    @Test func `an element that was taken is not kept while others wait`() {
        final class Request: Sendable {}
        var queue = FairQueue<String, Request>(places: 8)
        weak var taken: Request?
        do {
            let first = Request()
            taken = first
            queue.append(first, of: "party")
        }
        queue.append(Request(), of: "party")
        #expect(taken != nil)
        _ = queue.popNext()
        #expect(queue.count(of: "party") == 1)
        #expect(taken == nil, "what waits may be megabytes, as a body is")
    }
}
